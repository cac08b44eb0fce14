// HTTP/1.1 over a connection that is there already: what a client asks is read, what the pages
// answer is written. The only door to the HTTP library.
#pragma once

#include "console/page.hpp"
#include "tls/waiting_stream.hpp"

#include <chrono>
#include <functional>

namespace sallyport::console {

using Respond = std::function<Answer(Ask const&)>;

/// Of a request, all its lines together: browsers send two or three KiB.
inline constexpr std::size_t max_request_size = std::size_t{32} * 1024;
/// For a request to be there, and for its answer to be taken: a bundle over a slow line.
inline constexpr std::chrono::seconds request_limit{10};
/// How long a connection may be idle between requests, while nobody waits for its place.
inline constexpr std::chrono::seconds idle_limit{5};
/// How long somebody who waits for a place may have to wait for an idle connection to yield.
inline constexpr std::chrono::milliseconds yield_interval{200};
/// For the first request to begin, whoever waits: it is a round trip behind the handshake.
inline constexpr std::chrono::seconds first_request_grace{1};
/// Requests on one connection: a scraper that stays is sent away now and then.
inline constexpr int max_requests = 100;

/// Answers requests until the client leaves, breaks a limit, or `is_wanted` says that others wait.
void serve_http(tls::WaitingStream& stream, Respond const& respond,
                std::function<bool()> const& is_wanted);

}  // namespace sallyport::console
