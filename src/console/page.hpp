// A request and its answer, as pages see them: values, without HTTP's bytes.
#pragma once

#include <ctime>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::console {

struct Ask {
    std::string method;  ///< "GET", "HEAD", ...
    std::string path;    ///< decoded, without a query
    std::string accept;  ///< these three as the client wrote them; empty: not at all
    std::string if_none_match;
    std::string if_modified_since;
};

struct Answer {
    int status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// An answer of one line: "not found\n".
Answer plain(int status, std::string text);

/// "Sun, 22 Nov 2026 15:00:00 GMT" (RFC 9110 section 5.6.7).
std::string http_date(std::time_t time);

/// Whether the client has what an entity tag and a date describe (RFC 9110 section 13.2.2): the
/// tag counts where it sends any, else the date.
bool has_it(Ask const& ask, std::string const& tag, std::time_t modified);

}  // namespace sallyport::console
