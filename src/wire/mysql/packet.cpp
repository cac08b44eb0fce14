#include "wire/mysql/packet.hpp"

namespace sallyport::mysql {

Header read_header(Bytes bytes) {
    Reader in(bytes);
    auto const length = in.u24le();
    return {.length = length, .sequence = in.u8()};
}

Buffer make_packet(std::uint8_t sequence, Bytes payload) {
    Buffer packet;
    packet.reserve(header_size + payload.size());
    Writer out(packet);
    out.u24le(static_cast<std::uint32_t>(payload.size()));
    out.u8(sequence);
    out.bytes(payload);
    return packet;
}

}  // namespace sallyport::mysql
