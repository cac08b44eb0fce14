#include "net/clocks.hpp"

#include "net/system_error.hpp"

#include <cstdint>
#include <sys/timerfd.h>
#include <tuple>
#include <unistd.h>

namespace sallyport::net {

Clocks::Clocks() : timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (timer_ < 0) throw_errno("timerfd_create");
}

Clocks::~Clocks() {
    ::close(timer_);
}

Clocks::Entry Clocks::add(Time when, Clock& clock) {
    auto const entry = entries_.emplace(when, &clock);
    if (when < armed_) arm(when);
    return entry;
}

void Clocks::strike() {
    std::uint64_t expirations = 0;
    std::ignore = ::read(timer_, &expirations, sizeof expirations);
    armed_ = Time::max();
    auto const now = std::chrono::steady_clock::now();
    // What a clock adds for now comes with the next strike: this one ends.
    for (auto left = entries_.size(); left > 0 && !entries_.empty(); --left) {
        auto const first = entries_.begin();
        if (first->first > now) break;
        Clock& due = *first->second;
        entries_.erase(first);
        due.on_time();
    }
    if (!entries_.empty() && entries_.begin()->first < armed_) arm(entries_.begin()->first);
}

void Clocks::arm(Time when) {
    armed_ = when;
    auto const since = when.time_since_epoch();
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
    itimerspec at{};
    at.it_value.tv_sec = seconds.count();
    at.it_value.tv_nsec = std::chrono::nanoseconds(since - seconds).count();
    // The steady clock is CLOCK_MONOTONIC; a time that has passed goes off at once.
    timerfd_settime(timer_, TFD_TIMER_ABSTIME, &at, nullptr);
}

}  // namespace sallyport::net
