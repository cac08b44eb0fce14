// Protocol::HandshakeV10: what a server says first.
#include "wire/mysql/fields.hpp"
#include "wire/mysql/messages.hpp"

#include <algorithm>

namespace sallyport::mysql {
namespace {

constexpr std::uint8_t handshake_v10 = 10;
// The scramble travels in two parts, the second with a final NUL and never shorter than this, so
// that clients from before authentication plugins find the 20 bytes they know.
constexpr std::size_t first_part = 8;
constexpr std::size_t least_second_part = 13;
constexpr std::size_t reserved = 6;

/// The bytes of the second part, when the greeting states `length` for both and the NUL.
std::size_t second_part(std::size_t length) {
    return length > first_part + least_second_part ? length - first_part : least_second_part;
}

}  // namespace

Result<Greeting> read_greeting(Bytes payload) {
    Reader in(payload);
    Greeting greeting;
    if (in.u8() != handshake_v10) return Errc::malformed;
    greeting.version = in.text_to_nul();
    greeting.connection_id = in.u32le();
    greeting.scramble = as_text(in.take(first_part));
    in.skip(1);
    greeting.capabilities = in.u16le();
    greeting.charset = in.u8();
    greeting.status = in.u16le();
    greeting.capabilities |= static_cast<std::uint32_t>(in.u16le()) << 16U;
    std::size_t const stated = in.u8();
    in.skip(reserved);
    auto const extended = in.u32le();
    if ((greeting.capabilities & capability::mysql) == 0) greeting.extended = extended;

    bool const has_plugin = (greeting.capabilities & capability::plugin_auth) != 0;
    if ((greeting.capabilities & capability::secure_connection) != 0) {
        // The stated length counts the final NUL; without plugins it is not stated at all.
        auto const length = has_plugin && stated > 0 ? stated : scramble_size + 1;
        greeting.scramble += as_text(in.take(second_part(length)));
        greeting.scramble.resize(std::min(greeting.scramble.size(), length - 1));
    }
    // MySQL before 5.5.10 and 5.6.2 left the name's NUL out (MySQL bug 59453).
    if (has_plugin) greeting.plugin = text_to_nul_or_end(in);

    bool const new_enough = (greeting.capabilities & capability::protocol_41) != 0;
    if (!in.ok() || !new_enough) return Errc::malformed;
    return greeting;
}

Buffer write_greeting(Greeting const& greeting) {
    bool const has_plugin = (greeting.capabilities & capability::plugin_auth) != 0;
    auto const stated = greeting.scramble.size() + 1;
    auto scramble = greeting.scramble;
    scramble.resize(first_part + second_part(stated));
    std::string_view const both = scramble;

    Buffer payload;
    Writer out(payload);
    out.u8(handshake_v10);
    out.text_with_nul(greeting.version);
    out.u32le(greeting.connection_id);
    out.text(both.substr(0, first_part));
    out.u8(0);
    out.u16le(static_cast<std::uint16_t>(greeting.capabilities));
    out.u8(greeting.charset);
    out.u16le(greeting.status);
    out.u16le(static_cast<std::uint16_t>(greeting.capabilities >> 16U));
    out.u8(has_plugin ? static_cast<std::uint8_t>(stated) : std::uint8_t{0});
    out.zeros(reserved);
    bool const is_mariadb = (greeting.capabilities & capability::mysql) == 0;
    out.u32le(is_mariadb ? greeting.extended : 0);
    if ((greeting.capabilities & capability::secure_connection) != 0)
        out.text(both.substr(first_part));
    if (has_plugin) out.text_with_nul(greeting.plugin);
    return payload;
}

}  // namespace sallyport::mysql
