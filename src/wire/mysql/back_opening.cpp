#include "wire/mysql/opening.hpp"

namespace sallyport::mysql {
namespace {

// What changes the layout of packets after the login. A client that was promised one of these in
// our greeting reads and writes accordingly, so it cannot be taken away behind its back.
constexpr std::uint32_t layout_bits = capability::protocol_41 | capability::compress |
                                      capability::session_track | capability::deprecate_eof |
                                      capability::optional_metadata | capability::zstd_compression |
                                      capability::query_attributes | capability::multi_factor;

}  // namespace

wire::Step BackGreeting::resume(Bytes input) {
    switch (state_) {
        case State::start:
            state_ = State::header;
            return wire::Step::read(header_size);
        case State::header:
            return take_header(input);
        case State::body:
            return take_body(input);
        case State::done:
            break;
    }
    return wire::Step::done();
}

wire::Step BackGreeting::take_header(Bytes input) {
    if (input.size() != header_size) return wire::Step::fail(Errc::malformed);
    header_ = read_header(input);
    if (header_.length == 0) return wire::Step::fail(Errc::malformed);
    if (header_.length > max_greeting) return wire::Step::fail(Errc::too_large);
    state_ = State::body;
    return wire::Step::read(header_.length);
}

wire::Step BackGreeting::take_body(Bytes payload) {
    if (payload.size() != header_.length) return wire::Step::fail(Errc::malformed);
    if (is_error(payload)) {
        // Any sequence number will do: servers disagree on what comes before their first packet.
        auto error = read_error(payload);
        if (!error) return wire::Step::fail(error.error());
        error_ = std::move(*error);
    } else {
        if (header_.sequence != 0) return wire::Step::fail(Errc::malformed);
        auto greeting = read_greeting(payload);
        if (!greeting) return wire::Step::fail(greeting.error());
        greeting_ = std::move(*greeting);
    }
    state_ = State::done;
    return wire::Step::done();
}

BackLogin::BackLogin(Login login, bool use_tls) : login_(std::move(login)), use_tls_(use_tls) {
    if (use_tls)
        login_.head.capabilities |= capability::ssl;
    else
        login_.head.capabilities &= ~capability::ssl;
}

wire::Step BackLogin::resume(Bytes /*input*/) {
    switch (state_) {
        case State::start:
            if (use_tls_) return send(write_ssl_request(login_.head), State::ssl_request);
            return send(write_login(login_), State::done);
        case State::ssl_request:
            state_ = State::tls;
            return wire::Step::start_tls();
        case State::tls:
            return send(write_login(login_), State::done);
        case State::done:
            break;
    }
    return wire::Step::done();
}

wire::Step BackLogin::send(Buffer const& payload, State next) {
    out_ = make_packet(sequence_++, payload);
    state_ = next;
    return wire::Step::write(out_);
}

Result<Login> login_for(Login const& client, Greeting const& backend) {
    auto const promised = client.head.capabilities;
    auto needed = promised & layout_bits;
    if (!client.database.empty()) needed |= capability::connect_with_db;
    if ((needed & ~backend.capabilities) != 0) return Errc::backend_incompatible;
    if ((client.head.extended & ~backend.extended) != 0) return Errc::backend_incompatible;

    Login login = client;
    login.head.capabilities = promised & backend.capabilities & ~capability::ssl;
    // Without it the database would not name its plugin, and nothing could be switched to.
    login.head.capabilities |= backend.capabilities & capability::plugin_auth;
    login.auth.clear();
    login.plugin = auth_switch_plugin;
    return login;
}

}  // namespace sallyport::mysql
