// One worker's io_context and poller for a test: coroutines are run until they are done.
//
// Nothing here sleeps: a test waits for the event it is about, and one that does not come ends the
// test instead of hanging it.
#pragma once

#include "tls/poller.hpp"
#include "tls/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace sallyport::test {

/// The result of a coroutine that was started; empty until it ends.
template <class T>
using Pending = std::shared_ptr<std::optional<T>>;

class Loop {
 public:
    boost::asio::io_context context{1};
    tls::Poller poller{context};

    /// Serves events until `done`; throws where that takes longer than any test may.
    void until(std::function<bool()> const& done) {
        auto const end = std::chrono::steady_clock::now() + patience;
        while (!done()) {
            context.restart();
            // Asked again soon, event or not: `done` may play a peer, whose doing needs no event
            // here.
            context.run_one_for(std::chrono::milliseconds(5));
            if (std::chrono::steady_clock::now() >= end)
                throw std::runtime_error("what the test waits for does not come");
        }
    }

    /// Serves what is ready now, and what becomes ready by that. False where it never comes to
    /// rest.
    bool settle() {
        // Many times what any test's legs have to do at once.
        constexpr int most_handlers = 100'000;
        context.restart();
        for (int i = 0; i < most_handlers; ++i)
            if (context.poll_one() == 0) return true;
        return false;
    }

    template <class T>
    Pending<T> start(tls::Task<T> task) {
        auto const outcome = std::make_shared<std::optional<T>>();
        auto keep = [outcome](std::exception_ptr thrown, T value) {
            if (thrown) std::rethrow_exception(thrown);
            *outcome = std::move(value);
        };
        boost::asio::co_spawn(context, std::move(task), std::move(keep));
        return outcome;
    }

    template <class T>
    T wait(Pending<T> const& pending) {
        until([&] { return pending->has_value(); });
        return std::move(**pending);
    }

    template <class T>
    T run(tls::Task<T> task) {
        return wait(start(std::move(task)));
    }

 private:
    /// Long enough for a machine that is busy with other things.
    static constexpr std::chrono::seconds patience{30};
};

}  // namespace sallyport::test
