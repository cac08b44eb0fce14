// What Asio's coroutines run on: jobs handed over here are done on their loop's thread, one after
// the other.
//
// The requirements are those of Asio's executors (the "Executor" and "properties" pages of
// Boost.Asio 1.81): execute() never calls the job inside the call, and the loop counts no work,
// because it runs until it is told to stop.
#pragma once

#include "net/job.hpp"

#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>

#include <utility>

namespace sallyport::net {

class Loop;

class Executor {
 public:
    explicit Executor(Loop& loop) : loop_(&loop) {}

    Loop& loop() const { return *loop_; }

    /// Safe from any thread.
    template <class Function>
    void execute(Function&& function) const {
        post(Job(std::forward<Function>(function)));
    }

    boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept;
    static constexpr boost::asio::execution::blocking_t query(
        boost::asio::execution::blocking_t) noexcept {
        return boost::asio::execution::blocking.never;
    }
    Executor require(boost::asio::execution::blocking_t::never_t) const noexcept { return *this; }

    friend bool operator==(Executor const& one, Executor const& other) noexcept {
        return one.loop_ == other.loop_;
    }
    friend bool operator!=(Executor const& one, Executor const& other) noexcept {
        return !(one == other);
    }

 private:
    void post(Job job) const;

    Loop* loop_;
};

}  // namespace sallyport::net
