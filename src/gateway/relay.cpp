#include "gateway/relay.hpp"

#include <algorithm>

namespace sallyport::gateway {

Relay::Relay(Legs legs, MutableBytes scratch, std::chrono::milliseconds linger, RelayWatch& watch,
             RelayEvents& events)
    : in_{legs.front, legs.back, Leg::front},
      out_{legs.back, legs.front, Leg::back},
      scratch_(scratch),
      linger_limit_(linger),
      watch_(watch),
      events_(events),
      wakeup_(legs.front.socket().loop()),
      logged_in_(watch.logged_in()) {
    legs.front.socket().notify(this);
    legs.back.socket().notify(this);
}

Relay::~Relay() {
    in_.from.socket().notify(nullptr);
    out_.from.socket().notify(nullptr);
}

net::Task<> Relay::turn() {
    if (!take_turn() && !is_over()) return wakeup_.sleep();
    return in_.from.socket().loop().yield();
}

void Relay::hang_up(Ending why) {
    if (!ending_) ending_ = why;
    in_.finished = out_.finished = true;
    in_.from.socket().hang_up();
    out_.from.socket().hang_up();
    wakeup_.wake();
}

void Relay::on_ready() {
    if (take_turn() || is_over()) wakeup_.wake();
}

bool Relay::take_turn() {
    bool const out_has_more = pump(out_);
    bool const in_has_more = pump(in_);
    return out_has_more || in_has_more;
}

bool Relay::pump(Direction& direction) {
    for (int round = 0; round < rounds_per_turn; ++round) {
        if (direction.finished || !flush(direction)) return false;
        if (direction.ended) {
            finish(direction);
            return false;
        }
        if (!direction.from.may_have_more()) return false;
        if (!carry(direction)) return false;
    }
    return true;
}

bool Relay::carry(Direction& direction) {
    auto const filled = fill(direction);
    // OpenSSL has half a record, or wants to write first: the next edge brings more, not a next
    // turn.
    if (filled == direction.held.size() && !direction.ended) return false;
    auto chunk = scratch_.first(filled);
    auto const allowed = inspect(direction.reading, chunk);
    if (!allowed) {
        direction.ended = allowed.error();
        note(direction.reading, direction.ended);
        events_.on_fault(*ending_);
        return true;
    }
    direction.held.assign(chunk.begin() + static_cast<std::ptrdiff_t>(*allowed), chunk.end());
    send(direction, chunk.first(*allowed));
    return true;
}

void Relay::send(Direction& direction, Bytes chunk) {
    direction.bytes += chunk.size();
    while (!chunk.empty()) {
        auto const sent = direction.to.try_write(chunk);
        if (!sent && sent.error() == Errc::would_block)
            return direction.unsent.assign(chunk.begin(), chunk.end());
        if (!sent) return fail_sending(direction, sent.error());
        chunk = chunk.subspan(*sent);
    }
}

/// Fills the scratch buffer with what was held back and what has come since: several records in
/// one go, so that they leave in one go.
std::size_t Relay::fill(Direction& direction) {
    std::copy(direction.held.begin(), direction.held.end(), scratch_.begin());
    std::size_t filled = direction.held.size();
    while (filled < scratch_.size() && direction.from.may_have_more()) {
        auto const got = direction.from.try_read(scratch_.subspan(filled));
        if (got) {
            filled += *got;
            continue;
        }
        if (got.error() != Errc::would_block) direction.ended = got.error();
        break;
    }
    return filled;
}

Result<std::size_t> Relay::inspect(Leg reading, MutableBytes chunk) {
    if (reading == Leg::front) return watch_.from_front(chunk);
    auto const allowed = watch_.from_back(chunk);
    if (!logged_in_ && watch_.logged_in()) {
        logged_in_ = true;
        events_.on_login();
    }
    return allowed;
}

bool Relay::flush(Direction& direction) {
    while (!direction.unsent.empty()) {
        auto const sent = direction.to.try_write(direction.unsent);
        if (!sent && sent.error() == Errc::would_block) return false;
        if (!sent) {
            fail_sending(direction, sent.error());
            return false;
        }
        auto const begin = direction.unsent.begin();
        direction.unsent.erase(begin, begin + static_cast<std::ptrdiff_t>(*sent));
    }
    // Given back, not kept for the next time: an idle session owns no buffer.
    if (direction.unsent.capacity() > 0) Buffer().swap(direction.unsent);
    return true;
}

/// One side has no more to say: its goodbye is passed on, if it said one, and the other side gets a
/// while to answer. A client that vanished must not look to the database like one that said
/// goodbye.
void Relay::finish(Direction& direction) {
    bool const is_first = !ending_;
    note(direction.reading, direction.ended);
    bool const is_answered = logged_in_ || ending_->reason == Errc::backend_refused;
    if (is_first && direction.reading == Leg::back && !is_answered) events_.on_fault(*ending_);
    direction.to.finish(direction.ended == Errc::peer_closed);
    direction.finished = true;
    start_linger();
}

/// The receiver is gone; what the other direction still has from it is passed on all the same.
void Relay::fail_sending(Direction& direction, error_code const& why) {
    note(direction.reading == Leg::front ? Leg::back : Leg::front, why);
    direction.unsent.clear();
    direction.finished = true;
    start_linger();
}

void Relay::note(Leg leg, error_code const& why) {
    if (ending_) return;
    bool const is_ours = why.category() == errc_category();
    ending_ = Ending{leg, stage(), is_ours ? static_cast<Errc>(why.value()) : Errc::network};
    if (auto const verdict = watch_.verdict()) ending_ = verdict;
}

void Relay::start_linger() {
    if (linger_ || is_over()) return;
    auto& context = in_.from.socket().loop();
    linger_ =
        std::make_unique<net::Deadline>(context, linger_limit_, [this] { hang_up(*ending_); });
}

}  // namespace sallyport::gateway
