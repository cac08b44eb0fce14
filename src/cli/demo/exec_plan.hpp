// How a forked child becomes its program. All that takes memory is done before the fork: a child
// of a process with threads may make system calls only, for any of those may have held a lock.
#pragma once

#include "cli/demo/child.hpp"

#include <array>

namespace sallyport::cli {

class ExecPlan {
 public:
    /// The descriptors become its stdin, stdout and stderr. Both are borrowed.
    ExecPlan(Command const& command, std::array<int, 3> const& streams);

    /// To be called in the child. What goes wrong is said on the new stderr, and ends with 127.
    [[noreturn]] void perform() const;

 private:
    bool prepare() const;
    bool hold() const;
    bool become_user() const;

    Command const& command_;
    std::array<int, 3> streams_;
    pid_t parent_;
    std::vector<char*> arguments_;
    std::vector<char*> variables_;
};

}  // namespace sallyport::cli
