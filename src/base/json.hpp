// Texts of any bytes as JSON strings (RFC 8259 section 7).
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace sallyport {

/// Length of the well-formed UTF-8 sequence at the start of `text`, which is not empty, or 0
/// (RFC 3629 section 4).
std::size_t utf8_length(std::string_view text);

/// Writes `text` with its quotes. A byte that is not UTF-8 is shown as the code point of the same
/// number (Latin-1): the line stays valid JSON whatever a peer sent.
template <class Output>
Output write_json(Output out, std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    constexpr std::string_view short_escape = "\\u00";
    *out++ = '"';
    while (!text.empty()) {
        auto const length = utf8_length(text);
        auto const lead = static_cast<unsigned char>(text.front());
        if (lead == '"' || lead == '\\') {
            *out++ = '\\';
            *out++ = text.front();
        } else if (lead < 0x20 || length == 0) {
            out = std::copy(short_escape.begin(), short_escape.end(), out);
            *out++ = digits[lead >> 4U];
            *out++ = digits[lead & 0xfU];
        } else {
            out = std::copy_n(text.begin(), length, out);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    *out++ = '"';
    return out;
}

inline std::string to_json(std::string_view text) {
    std::string quoted;
    write_json(std::back_inserter(quoted), text);
    return quoted;
}

}  // namespace sallyport
