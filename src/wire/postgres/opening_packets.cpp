// What opens a connection: SSLRequest, CancelRequest, StartupMessage.
#include "wire/postgres/messages.hpp"

#include <algorithm>

namespace sallyport::postgres {
namespace {

constexpr std::uint16_t our_major = protocol_major(protocol_3_0);
constexpr std::size_t cancel_head_size = opening_head_size + 4;

void write_opening_head(Writer& out, std::size_t length, std::uint32_t code) {
    out.u32be(static_cast<std::uint32_t>(length));
    out.u32be(code);
}

/// "USER" is another parameter to PostgreSQL, which has none of that name, and the user to
/// CockroachDB: nobody can mean it well.
bool is_ambiguous(std::string_view name) {
    std::string lower(name);
    for (char& letter : lower)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return lower != name && (lower == "user" || lower == "database");
}

}  // namespace

OpeningHead read_opening_head(Bytes eight) {
    Reader in(eight);
    auto const length = in.u32be();
    return {.length = length, .code = in.u32be()};
}

Buffer write_ssl_request() {
    Buffer packet;
    Writer out(packet);
    write_opening_head(out, opening_head_size, opening::ssl_request);
    return packet;
}

// The server goes through the list in order, so that the last of two equal names is what it takes.
// A rule that looked at the first could be talked past.
std::string_view Startup::find(std::string_view name) const {
    auto const found = std::find_if(parameters.rbegin(), parameters.rend(),
                                    [&](auto const& one) { return one.first == name; });
    return found == parameters.rend() ? std::string_view() : std::string_view(found->second);
}

std::string_view Startup::database() const {
    auto const named = find("database");
    return named.empty() ? user() : named;
}

Result<Startup> read_startup(Bytes packet) {
    if (packet.size() > max_startup) return Errc::too_large;
    Reader in(packet);
    auto const length = in.u32be();
    Startup startup;
    startup.protocol = in.u32be();
    if (!in.ok() || length != packet.size()) return Errc::malformed;
    if (protocol_major(startup.protocol) != our_major) return Errc::old_protocol;
    for (auto name = in.text_to_nul(); !name.empty(); name = in.text_to_nul()) {
        if (is_ambiguous(name)) return Errc::malformed;
        startup.parameters.emplace_back(name, in.text_to_nul());
    }
    if (!in.ok() || in.remaining() > 0 || startup.user().empty()) return Errc::malformed;
    startup.packet.assign(packet.begin(), packet.end());
    return startup;
}

Buffer write_startup(std::uint32_t protocol,
                     std::vector<std::pair<std::string, std::string>> const& parameters) {
    std::size_t length = opening_head_size + 1;
    for (auto const& [name, value] : parameters) length += name.size() + value.size() + 2;
    Buffer packet;
    packet.reserve(length);
    Writer out(packet);
    write_opening_head(out, length, protocol);
    for (auto const& [name, value] : parameters) {
        out.text_with_nul(name);
        out.text_with_nul(value);
    }
    out.u8(0);
    return packet;
}

Result<CancelKey> read_cancel_request(Bytes packet) {
    if (packet.size() < cancel_head_size + min_secret) return Errc::malformed;
    if (packet.size() > max_cancel_request) return Errc::malformed;
    Reader in(packet);
    auto const length = in.u32be();
    auto const code = in.u32be();
    if (length != packet.size() || code != opening::cancel_request) return Errc::malformed;
    CancelKey key{.process = in.u32be(), .secret = {}};
    key.secret.assign(in.rest().begin(), in.rest().end());
    return key;
}

Buffer write_cancel_request(CancelKey const& key) {
    Buffer packet;
    Writer out(packet);
    write_opening_head(out, cancel_head_size + key.secret.size(), opening::cancel_request);
    out.u32be(key.process);
    out.bytes(key.secret);
    return packet;
}

}  // namespace sallyport::postgres
