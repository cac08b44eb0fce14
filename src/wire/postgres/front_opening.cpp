#include "wire/postgres/opening.hpp"

namespace sallyport::postgres {
namespace {

/// The first byte of a TLS handshake record. No length of ours begins with it: max_startup leaves
/// the first two bytes 0.
constexpr std::byte tls_record{0x16};
constexpr std::byte will_encrypt{'S'};
constexpr std::byte will_not_encrypt{'N'};
/// A StartupMessage without a single parameter has its terminator still.
constexpr std::size_t min_startup = opening_head_size + 1;
constexpr std::size_t min_cancel_request = opening_head_size + 4 + min_secret;

}  // namespace

wire::Step FrontOpening::resume(Bytes input) {
    switch (state_) {
        case State::start:
            state_ = State::first_byte;
            return wire::Step::peek();
        case State::first_byte:
            return take_first_byte(input);
        case State::head:
            return take_head(input);
        case State::glanced:
            return answer_request(input);
        case State::answered:
            state_ = State::tls;
            return wire::Step::start_tls();
        case State::tls:
            is_secure_ = true;
            return ask_for_head();
        case State::refusing:
            return ask_for_head();
        case State::rest:
            return take_rest(input);
        case State::done:
            break;
    }
    return wire::Step::done();
}

wire::Step FrontOpening::ask_for_head() {
    state_ = State::head;
    return wire::Step::read(opening_head_size);
}

wire::Step FrontOpening::take_first_byte(Bytes input) {
    if (input.empty()) return wire::Step::fail(Errc::malformed);
    if (input.front() != tls_record) return ask_for_head();
    if (!offers_tls_) return wire::Step::fail(Errc::malformed);
    is_direct_ = true;
    state_ = State::tls;
    return wire::Step::start_tls();
}

// Lengths are judged before anything is waited for, and strangers turned away by eight bytes: the
// "length" of HTTP is over a thousand million.
wire::Step FrontOpening::take_head(Bytes input) {
    if (input.size() != opening_head_size) return wire::Step::fail(Errc::malformed);
    if (input.front() == tls_record) return wire::Step::fail(Errc::unexpected_packet);
    auto const head = read_opening_head(input);
    if (head.code == opening::ssl_request)
        return take_request(head, asked_for_tls_, offers_tls_ ? will_encrypt : will_not_encrypt);
    if (head.code == opening::gss_request)
        return take_request(head, asked_for_gss_, will_not_encrypt);

    bool const cancels = head.code == opening::cancel_request;
    if (head.length < opening_head_size) return wire::Step::fail(Errc::malformed);
    if (head.length > (cancels ? max_cancel_request : max_startup))
        return wire::Step::fail(Errc::too_large);
    if (!cancels && protocol_major(head.code) != protocol_major(protocol_3_0)) {
        version_ = head.code;
        return wire::Step::fail(Errc::old_protocol);
    }
    if (head.length < (cancels ? min_cancel_request : min_startup))
        return wire::Step::fail(Errc::malformed);
    packet_.assign(input.begin(), input.end());
    state_ = State::rest;
    return wire::Step::read(head.length - opening_head_size);
}

// SSLRequest and GSSENCRequest: each once, in either order, and neither inside TLS. That is all
// that PostgreSQL's own ProcessStartupPacket allows.
wire::Step FrontOpening::take_request(OpeningHead const& head, bool& asked, std::byte answer) {
    if (head.length != opening_head_size) return wire::Step::fail(Errc::malformed);
    if (asked || is_secure_) return wire::Step::fail(Errc::unexpected_packet);
    asked = true;
    out_ = {answer};
    state_ = State::glanced;
    return wire::Step::glance();
}

// A client waits for the answer, so bytes that are here before it are somebody else's: meant to be
// taken for what came through TLS.
wire::Step FrontOpening::answer_request(Bytes waiting) {
    if (!waiting.empty()) return wire::Step::fail(Errc::unexpected_packet);
    state_ = out_.front() == will_encrypt ? State::answered : State::refusing;
    return wire::Step::write(out_);
}

wire::Step FrontOpening::take_rest(Bytes input) {
    packet_.insert(packet_.end(), input.begin(), input.end());
    if (read_opening_head(packet_).code == opening::cancel_request) {
        auto cancel = read_cancel_request(packet_);
        if (!cancel) return wire::Step::fail(cancel.error());
        cancel_ = std::move(*cancel);
    } else {
        auto startup = read_startup(packet_);
        if (!startup) return wire::Step::fail(startup.error());
        startup_ = std::move(*startup);
    }
    packet_.clear();
    state_ = State::done;
    return wire::Step::done();
}

}  // namespace sallyport::postgres
