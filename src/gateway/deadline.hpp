// A clock that acts when it runs out, unless it is destroyed first.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace sallyport::gateway {

class Deadline {
 public:
    /// Calls `action` on the io_context's thread after `limit`.
    Deadline(boost::asio::io_context& context, std::chrono::milliseconds limit,
             std::function<void()> action)
        : state_(std::make_shared<State>(State{std::move(action)})), timer_(context, limit) {
        timer_.async_wait([state = std::weak_ptr(state_)](boost::system::error_code error) {
            // A cancelled timer may have its handler queued with success already: whether the
            // clock is still wanted is what its owner's life says.
            auto const alive = state.lock();
            if (error || !alive) return;
            alive->expired = true;
            alive->action();
        });
    }
    Deadline(Deadline const&) = delete;
    Deadline& operator=(Deadline const&) = delete;

    bool expired() const { return state_->expired; }

 private:
    struct State {
        std::function<void()> action;
        bool expired = false;
    };

    std::shared_ptr<State> state_;
    boost::asio::steady_timer timer_;
};

}  // namespace sallyport::gateway
