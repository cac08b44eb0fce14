// Child processes that never outlive us: each leads a process group of its own (so that Ctrl-C at
// the terminal reaches us, and we decide), is killed by the kernel when we die of whatever cause,
// and ends with its owner.
#pragma once

#include "cli/demo/stop_signal.hpp"

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sallyport::cli {

using Arguments = std::vector<std::string>;

/// A user of this machine.
struct UserId {
    uid_t user = 0;
    gid_t group = 0;
};

struct Command {
    std::filesystem::path program;
    Arguments arguments{};
    std::filesystem::path directory{};  ///< where it runs; empty: where we do
    std::string input{};                ///< its stdin: what nobody should read in `ps` goes here
    std::optional<UserId> user{};       ///< whom it runs as; only root can say so
    /// A directory that it has open, as held_directory: its way in where `user` may not walk there
    /// from the root, as through another user's home. Empty: none.
    std::filesystem::path held{};
    int end_signal = SIGTERM;  ///< what tells it to end in good order
};

/// Under this name a child finds Command::held. So do its own children, which inherit it.
inline constexpr char const* held_directory = "/proc/self/fd/3";

/// How a child ended: its exit code, or 128 and the signal's number.
struct Outcome {
    int status = 0;
    std::string output;
    std::string errors;
};

class Child {
 public:
    /// How long a child may take to end after it was told. MariaDB writes its buffers to disk then:
    /// less than a second for our small ones, several on a busy disk.
    static constexpr milliseconds grace{10'000};

    /// Starts it; what it writes is added to the file `log`. To be called on the main thread: the
    /// kernel's watch over the child ends with the thread that started it. Throws
    /// std::runtime_error where there are no resources left; a program that cannot be run ends with
    /// status 127.
    Child(Command const& command, std::filesystem::path const& log);
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;
    /// Tells it, waits for `grace`, then kills it with all of its group.
    ~Child();

    /// Whether it ended within `limit`. Throws Stopped.
    bool await_end(StopSignals const& stop, milliseconds limit);
    /// Becomes readable when it has ended.
    int descriptor() const { return descriptor_; }
    /// Its exit code, or 128 and a signal's number. To be asked once, after await_end said yes.
    int status();

 private:
    friend Outcome run(Command const&, StopSignals const&, milliseconds);

    Child(Command const& command, int output, int errors);
    void start(Command const& command, int output, int errors);

    pid_t id_ = -1;  // below zero: ended and reaped
    int end_signal_ = SIGTERM;
    int descriptor_ = -1;  // a pidfd
};

/// Runs a command to its end, which is forced when `limit` is over. Throws Stopped, and
/// std::runtime_error as Child.
Outcome run(Command const& command, StopSignals const& stop, milliseconds limit);

}  // namespace sallyport::cli
