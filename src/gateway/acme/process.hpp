// A program that works for the gateway beside it: it never blocks the thread that started it, has a
// time limit, and never outlives its owner, nor the gateway.
#pragma once

#include "base/errc.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace sallyport::gateway {

class Process : public std::enable_shared_from_this<Process> {
 public:
    struct Order {
        std::filesystem::path program;
        std::vector<std::string> arguments;
        std::vector<std::string> environment;  ///< "NAME=value": all of it
        std::filesystem::path directory;       ///< where it runs
        std::chrono::milliseconds limit;       ///< it is killed after this long
    };
    struct Outcome {
        int status;  ///< its exit code, or 128 and the signal's number; 127: could not be run
        bool is_timed_out;
    };
    /// A line of its stderr, without the line's end.
    using OnLine = std::function<void(std::string_view)>;
    /// It has ended. Called once, never after the owner let go.
    using OnEnd = std::function<void(Outcome)>;

    /// Longer lines come in pieces of this size: a page of text says enough.
    static constexpr std::size_t longest_line = 4096;

    /// To be called on the thread that runs `context`, and lives as long as the program may: the
    /// kernel kills the child with the thread that started it. What it makes is for its user only
    /// (umask 077); it inherits no descriptor. Errors: the system's, where resources are used up.
    static Result<std::shared_ptr<Process>> start(boost::asio::io_context& context,
                                                  Order const& order, OnLine on_line, OnEnd on_end);
    Process(Process const&) = delete;
    Process& operator=(Process const&) = delete;
    /// Kills it with all of its group.
    ~Process();

 private:
    Process(boost::asio::io_context& context, pid_t id, OnLine on_line, OnEnd on_end);

    Result<void> watch(int output, std::chrono::milliseconds limit);
    void read_on();
    void take(std::string_view bytes);
    void end();
    /// Its group is dead and it is reaped after this; its wait status.
    int reap();

    boost::asio::posix::stream_descriptor output_;
    boost::asio::posix::stream_descriptor ending_;  ///< a pidfd: readable when it has ended
    boost::asio::steady_timer limit_;
    pid_t id_;  ///< below zero: reaped
    OnLine on_line_;
    OnEnd on_end_;
    std::string line_;
    bool is_timed_out_ = false;
};

}  // namespace sallyport::gateway
