// What the database asks of a client ('R'), and what the client answers ('p').
#include "wire/postgres/messages.hpp"

namespace sallyport::postgres {
namespace {

/// The length of a SASL answer's data where there is none: -1, as the server reads it.
constexpr std::uint32_t no_data = 0xffffffffU;

}  // namespace

Result<AuthRequest> read_auth(Bytes body) {
    Reader in(body);
    auto const kind = static_cast<Auth>(in.u32be());
    if (!in.ok()) return Errc::malformed;
    return AuthRequest{.kind = kind, .data = in.rest()};
}

Buffer write_auth(Auth kind, Bytes data) {
    Buffer body;
    Writer out(body);
    out.u32be(static_cast<std::uint32_t>(kind));
    out.bytes(data);
    return make_message(message::authentication, body);
}

Result<std::vector<std::string>> read_mechanisms(Bytes data) {
    Reader in(data);
    std::vector<std::string> mechanisms;
    for (auto name = in.text_to_nul(); !name.empty(); name = in.text_to_nul())
        mechanisms.emplace_back(name);
    if (!in.ok() || in.remaining() > 0) return Errc::malformed;
    return mechanisms;
}

Buffer write_mechanisms(std::vector<std::string> const& mechanisms) {
    Buffer data;
    Writer out(data);
    for (auto const& name : mechanisms) out.text_with_nul(name);
    out.u8(0);
    return data;
}

Result<SaslInitial> read_sasl_initial(Bytes body) {
    Reader in(body);
    SaslInitial initial;
    initial.mechanism = in.text_to_nul();
    auto const size = in.u32be();
    if (size != no_data) initial.data = as_text(in.take(size));
    if (!in.ok() || in.remaining() > 0) return Errc::malformed;
    return initial;
}

Buffer write_sasl_initial(SaslInitial const& initial) {
    Buffer body;
    Writer out(body);
    out.text_with_nul(initial.mechanism);
    out.u32be(initial.data.empty() ? no_data : static_cast<std::uint32_t>(initial.data.size()));
    out.text(initial.data);
    return make_message(message::password, body);
}

Result<std::string_view> read_password(Bytes body) {
    Reader in(body);
    auto const password = in.text_to_nul();
    if (!in.ok() || in.remaining() > 0) return Errc::malformed;
    return password;
}

Buffer write_password(std::string_view password) {
    Buffer body;
    Writer out(body);
    out.text_with_nul(password);
    return make_message(message::password, body);
}

}  // namespace sallyport::postgres
