// Lets one coroutine sleep until something calls wake().
#pragma once

#include "tls/task.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

namespace sallyport::tls {

class Wakeup {
 public:
    explicit Wakeup(boost::asio::io_context& context) : context_(context) {}

    bool is_awaited() const { return sleeper_ != nullptr; }

    /// Sleeps until the next wake(). One sleeper at a time.
    Task<> sleep() {
        // A named lambda in a plain function: g++ 12 miscompiles capturing ones inside a co_await.
        auto start = [this](auto handler) {
            sleeper_ = std::make_unique<Held<decltype(handler)>>(std::move(handler));
        };
        return boost::asio::async_initiate<boost::asio::use_awaitable_t<> const, void()>(
            start, boost::asio::use_awaitable);
    }

    /// Resumes the sleeper, if there is one, from the io_context's queue: never inside this call,
    /// because the coroutine may destroy what is calling.
    void wake() {
        if (sleeper_) std::exchange(sleeper_, nullptr)->resume(context_);
    }

 private:
    struct Sleeper {
        virtual ~Sleeper() = default;
        virtual void resume(boost::asio::io_context& context) = 0;
    };
    template <class Handler>
    struct Held final : Sleeper {
        explicit Held(Handler held) : handler(std::move(held)) {}
        void resume(boost::asio::io_context& context) override {
            boost::asio::post(context, std::move(handler));
        }
        Handler handler;
    };

    boost::asio::io_context& context_;
    std::unique_ptr<Sleeper> sleeper_;
};

}  // namespace sallyport::tls
