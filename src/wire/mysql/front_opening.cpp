#include "wire/mysql/opening.hpp"

#include <algorithm>

namespace sallyport::mysql {
namespace {

// A login from before 4.1 is a user of 16 characters, 8 bytes of scrambled password and a database
// of 64 characters. What is larger and lacks the bit for 4.1 is another protocol, for example a
// TLS ClientHello, whose first bytes can look like a header with the right sequence number.
constexpr std::size_t max_old_login = 512;

/// Whether the login contradicts the SSLRequest. Some drivers drop CLIENT_SSL once TLS is up.
bool changed(LoginHead const& request, LoginHead const& login) {
    auto const difference = request.capabilities ^ login.capabilities;
    return (difference & ~capability::ssl) != 0 || request.extended != login.extended;
}

}  // namespace

FrontOpening::FrontOpening(Greeting greeting) : greeting_(std::move(greeting)) {}

wire::Step FrontOpening::resume(Bytes input) {
    switch (state_) {
        case State::start:
            out_ = make_packet(sequence_++, write_greeting(greeting_));
            state_ = State::greeted;
            return wire::Step::write(out_);
        case State::greeted:
            return ask(State::first_header, header_size);
        case State::first_header:
            return take_header(input, State::first_head);
        case State::first_head:
            return take_first_head(input);
        case State::first_rest:
            payload_.insert(payload_.end(), input.begin(), input.end());
            return take_login(payload_);
        case State::tls:
            return ask(State::login_header, header_size);
        case State::login_header:
            return take_header(input, State::login_body);
        case State::login_body:
            return take_login(input);
        case State::done:
            break;
    }
    return wire::Step::done();
}

wire::Step FrontOpening::ask(State next, std::size_t size) {
    state_ = next;
    return wire::Step::read(size);
}

wire::Step FrontOpening::take_header(Bytes input, State next) {
    if (input.size() != header_size) return wire::Step::fail(Errc::malformed);
    auto const header = read_header(input);
    // The sequence number first: it tells other protocols apart, whose "length" means nothing.
    if (header.sequence != sequence_) return wire::Step::fail(Errc::malformed);
    ++sequence_;
    if (header.length == 0) return wire::Step::fail(Errc::malformed);
    if (header.length > max_login) return wire::Step::fail(Errc::too_large);
    length_ = header.length;
    return ask(next, next == State::first_head ? std::min(length_, login_head_size) : length_);
}

// Only the head is read before it is judged: a stranger is turned away by 36 bytes, and is not
// waited for because it announced more.
wire::Step FrontOpening::take_first_head(Bytes input) {
    auto const head = read_login_head(input);
    if (!head) {
        bool const stranger = length_ > max_old_login;
        return stranger ? wire::Step::fail(Errc::malformed) : wire::Step::fail(head.error());
    }
    bool const offered = (greeting_.capabilities & capability::ssl) != 0;
    bool const wants_tls = (head->capabilities & capability::ssl) != 0;
    if (wants_tls && length_ == login_head_size) {
        if (!offered) return wire::Step::fail(Errc::unexpected_packet);
        ssl_request_ = *head;
        state_ = State::tls;
        return wire::Step::start_tls();
    }
    // A whole login in plain text that speaks of TLS, by a client that could have had it: whatever
    // it takes this connection for, it is wrong.
    if (wants_tls && offered) return wire::Step::fail(Errc::malformed);

    payload_.assign(input.begin(), input.end());
    if (length_ == login_head_size) return take_login(payload_);
    return ask(State::first_rest, length_ - login_head_size);
}

wire::Step FrontOpening::take_login(Bytes payload) {
    if (payload.size() != length_) return wire::Step::fail(Errc::malformed);
    auto head = read_login_head(payload);
    if (!head) return wire::Step::fail(head.error());
    if (ssl_request_ && changed(*ssl_request_, *head))
        return wire::Step::fail(Errc::capabilities_changed);

    // Clients announce what was never offered. The server cuts that off before it reads on, so
    // the fields behind the head are laid out by what both have in common.
    head->capabilities &= greeting_.capabilities;
    head->extended &= greeting_.extended;
    auto agreed = write_ssl_request(*head);
    auto const fields = payload.subspan(login_head_size);
    agreed.insert(agreed.end(), fields.begin(), fields.end());

    auto login = read_login(agreed);
    if (!login) return wire::Step::fail(login.error());
    login_ = std::move(*login);
    if (ssl_request_) login_.head.capabilities |= capability::ssl;
    payload_.clear();
    state_ = State::done;
    return wire::Step::done();
}

}  // namespace sallyport::mysql
