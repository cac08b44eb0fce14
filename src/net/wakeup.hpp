// Lets one coroutine sleep until something calls wake().
#pragma once

#include "net/task.hpp"

#include <boost/asio/async_result.hpp>

#include <memory>
#include <utility>

namespace sallyport::net {

class Wakeup {
 public:
    explicit Wakeup(Loop& loop) : executor_(loop) {}

    bool is_awaited() const { return sleeper_ != nullptr; }

    /// Sleeps until the next wake(). One sleeper at a time.
    Task<> sleep() {
        // A named lambda in a plain function: g++ 12 miscompiles capturing ones inside a co_await.
        auto start = [this](auto handler) {
            sleeper_ = std::make_unique<Held<decltype(handler)>>(std::move(handler));
        };
        return boost::asio::async_initiate<boost::asio::use_awaitable_t<Executor> const, void()>(
            start, awaited);
    }

    /// Resumes the sleeper, if there is one, from the loop's queue: never inside this call, because
    /// the coroutine may destroy what is calling.
    void wake() {
        if (sleeper_) std::exchange(sleeper_, nullptr)->resume(executor_);
    }

 private:
    struct Sleeper {
        virtual ~Sleeper() = default;
        virtual void resume(Executor const& executor) = 0;
    };
    template <class Handler>
    struct Held final : Sleeper {
        explicit Held(Handler held) : handler(std::move(held)) {}
        void resume(Executor const& executor) override { executor.execute(std::move(handler)); }
        Handler handler;
    };

    Executor executor_;
    std::unique_ptr<Sleeper> sleeper_;
};

}  // namespace sallyport::net
