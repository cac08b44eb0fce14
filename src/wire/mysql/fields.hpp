// The protocol's own kinds of field, on top of Reader and Writer. Private to wire/mysql.
// Source: dev.mysql.com, Client/Server Protocol, "Integer Types" and "String Types".
#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <string_view>

namespace sallyport::mysql {

/// A text that may be the packet's last field, and then may lack its NUL or be absent.
inline std::string_view text_to_nul_or_end(Reader& in) {
    auto const rest = as_text(in.rest());
    return rest.find('\0') == rest.npos ? as_text(in.take(rest.size())) : in.text_to_nul();
}

/// A length-encoded integer: one byte up to 250, or a marker and 2, 3 or 8 bytes.
/// Makes the reader fail for 0xfb and 0xff, which begin a NULL and an error, never a length.
inline std::uint64_t read_lenenc(Reader& in) {
    auto const first = in.u8();
    switch (first) {
        case 0xfb:
        case 0xff:
            in.fail();
            return 0;
        case 0xfc:
            return in.u16le();
        case 0xfd:
            return in.u24le();
        case 0xfe:
            return in.u64le();
        default:
            return first;
    }
}

/// The bytes behind a length-encoded length.
inline Bytes take_lenenc(Reader& in) {
    auto const size = read_lenenc(in);
    return in.take(size);
}

/// Writes data behind its length, in the shortest form. Nothing in a login reaches 2^24 bytes, so
/// the longest is not needed.
inline void write_lenenc(Writer& out, Bytes data) {
    auto const size = static_cast<std::uint32_t>(data.size());
    if (size < 0xfb) {
        out.u8(static_cast<std::uint8_t>(size));
    } else if (size <= 0xffff) {
        out.u8(0xfc);
        out.u16le(static_cast<std::uint16_t>(size));
    } else {
        out.u8(0xfd);
        out.u24le(size);
    }
    out.bytes(data);
}

}  // namespace sallyport::mysql
