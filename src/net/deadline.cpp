#include "net/deadline.hpp"

#include <utility>

namespace sallyport::net {

Deadline::Deadline(Loop& loop, std::chrono::milliseconds limit, std::function<void()> action)
    : clocks_(loop.clocks()), action_(std::move(action)) {
    entry_ = clocks_.add(std::chrono::steady_clock::now() + limit, *this);
}

Deadline::~Deadline() {
    if (entry_) clocks_.remove(*entry_);
}

void Deadline::on_time() {
    entry_.reset();
    // Called from here, not from the member that goes when the action destroys us.
    auto const action = std::move(action_);
    action();
}

Task<> rest(Loop& loop, std::chrono::milliseconds time) {
    Wakeup wakeup(loop);
    auto wake = [&wakeup] { wakeup.wake(); };
    Deadline const alarm(loop, time, wake);
    co_await wakeup.sleep();
}

}  // namespace sallyport::net
