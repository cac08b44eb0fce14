#include "wire/postgres/opening.hpp"

namespace sallyport::postgres {
namespace {

constexpr std::byte takes_tls{'S'};
constexpr std::byte takes_no_tls{'N'};

}  // namespace

wire::Step BackTlsRequest::resume(Bytes input) {
    switch (state_) {
        case State::start:
            out_ = write_ssl_request();
            state_ = State::sent;
            return wire::Step::write(out_);
        case State::sent:
            state_ = State::answer;
            return wire::Step::read(1);
        case State::answer:
            return take_answer(input);
        case State::done:
            break;
    }
    return wire::Step::done();
}

// A server that cannot go on at all may answer with an ErrorResponse. It is not shown to anyone, as
// nobody knows who wrote it (CVE-2024-10977): malformed.
wire::Step BackTlsRequest::take_answer(Bytes input) {
    if (input.size() != 1) return wire::Step::fail(Errc::malformed);
    auto const answer = input.front();
    if (answer != takes_tls && answer != takes_no_tls) return wire::Step::fail(Errc::malformed);
    state_ = State::done;
    return answer == takes_tls ? wire::Step::start_tls() : wire::Step::done();
}

}  // namespace sallyport::postgres
