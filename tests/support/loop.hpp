// One worker's loop for a test, of the kind that SALLYPORT_IO_METHOD names, and an io_context for
// what lives on the main thread: coroutines are run until they are done.
//
// Nothing here sleeps: a test waits for the event it is about, and one that does not come ends the
// test instead of hanging it.
#pragma once

#include "net/io_method.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace sallyport::test {

/// The result of a coroutine that was started; empty until it ends.
template <class T>
using Pending = std::shared_ptr<std::optional<T>>;

/// epoll, where nothing is said.
inline net::IoMethod io_method() {
    char const* const name = std::getenv("SALLYPORT_IO_METHOD");
    if (name == nullptr || name == std::string_view("epoll")) return net::IoMethod::epoll;
    if (name == std::string_view("io_uring")) return net::IoMethod::io_uring;
    throw std::runtime_error("SALLYPORT_IO_METHOD is neither epoll nor io_uring");
}

class Loop {
 public:
    boost::asio::io_context context{1};

    net::Loop& operator*() { return *loop_; }
    net::Loop* operator->() { return loop_.get(); }

    /// Serves events until `done`; throws where that takes longer than any test may.
    void until(std::function<bool()> const& done) {
        auto const end = std::chrono::steady_clock::now() + patience;
        while (!done()) {
            // Asked again soon, event or not: `done` may play a peer, whose doing needs no event
            // here.
            if (!serve()) context.run_one_for(std::chrono::milliseconds(1));
            if (std::chrono::steady_clock::now() >= end)
                throw std::runtime_error("what the test waits for does not come");
        }
    }

    /// Serves what is ready now, and what becomes ready by that. False where it never comes to
    /// rest.
    bool settle() {
        // Many times what any test's legs have to do at once.
        constexpr int most_turns = 100'000;
        for (int i = 0; i < most_turns; ++i)
            if (!serve()) return true;
        return false;
    }

    template <class T>
    Pending<T> start(net::Task<T> task) {
        auto const outcome = std::make_shared<std::optional<T>>();
        auto keep = [outcome](std::exception_ptr thrown, T value) {
            if (thrown) std::rethrow_exception(thrown);
            *outcome = std::move(value);
        };
        boost::asio::co_spawn(loop_->executor(), std::move(task), std::move(keep));
        return outcome;
    }

    template <class T>
    T wait(Pending<T> const& pending) {
        until([&] { return pending->has_value(); });
        return std::move(**pending);
    }

    template <class T>
    T run(net::Task<T> task) {
        return wait(start(std::move(task)));
    }

 private:
    /// Long enough for a machine that is busy with other things.
    static constexpr std::chrono::seconds patience{30};

    bool serve() {
        context.restart();
        bool const has_polled = context.poll() > 0;
        return loop_->run_ready() || has_polled;
    }

    std::unique_ptr<net::Loop> loop_ = net::make_loop(io_method());
};

}  // namespace sallyport::test
