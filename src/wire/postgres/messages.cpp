// What every message after the opening looks like, and BackendKeyData.
#include "wire/postgres/messages.hpp"

namespace sallyport::postgres {
namespace {

/// A length counts itself, so none is less.
constexpr std::uint32_t length_size = 4;

}  // namespace

Result<MessageHead> read_message_head(Bytes five) {
    Reader in(five);
    auto const type = static_cast<char>(in.u8());
    auto const length = in.u32be();
    if (!in.ok() || length < length_size) return Errc::malformed;
    return MessageHead{.type = type, .body = length - length_size};
}

Buffer make_message(char type, Bytes body) {
    Buffer message;
    message.reserve(message_head_size + body.size());
    Writer out(message);
    out.u8(static_cast<std::uint8_t>(type));
    out.u32be(static_cast<std::uint32_t>(length_size + body.size()));
    out.bytes(body);
    return message;
}

Result<CancelKey> read_backend_key(Bytes body) {
    if (body.size() < secret_offset + min_secret) return Errc::malformed;
    if (body.size() > secret_offset + max_secret) return Errc::malformed;
    Reader in(body);
    CancelKey key{.process = in.u32be(), .secret = {}};
    key.secret.assign(in.rest().begin(), in.rest().end());
    return key;
}

}  // namespace sallyport::postgres
