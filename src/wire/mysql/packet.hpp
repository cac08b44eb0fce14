// Packets of the MySQL protocol: a header of 3 bytes payload length and 1 byte sequence number,
// both little-endian, then the payload. A payload of 2^24-1 bytes is continued in the next packet.
// Source: dev.mysql.com, Client/Server Protocol, "Protocol::Packet".
#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace sallyport::mysql {

inline constexpr std::size_t header_size = 4;
inline constexpr std::size_t max_payload = 0xffffff;

struct Header {
    std::uint32_t length = 0;   ///< of the payload, in bytes; at most max_payload
    std::uint8_t sequence = 0;  ///< restarts at 0 with each command, wraps after 255
};

/// Reads a header. `bytes` must hold at least header_size bytes.
Header read_header(Bytes bytes);

/// A packet with this payload, which must be shorter than max_payload.
Buffer make_packet(std::uint8_t sequence, Bytes payload);

}  // namespace sallyport::mysql
