// Being told to stop while child processes run: SIGINT, SIGTERM and SIGHUP as something that every
// wait can watch beside what it waits for, so that no step has to end before we do.
#pragma once

#include <chrono>
#include <vector>

namespace sallyport::cli {

using std::chrono::milliseconds;

/// Thrown out of a wait when the process was told to stop. What was started ends with its owners.
struct Stopped {};

class StopSignals {
 public:
    /// From here on the signals reach neither this thread nor those that it starts, and that stays
    /// so: one that comes when we are about to end must not change how. To be made while there is
    /// one thread, or another one would take them.
    StopSignals();
    StopSignals(StopSignals const&) = delete;
    StopSignals& operator=(StopSignals const&) = delete;
    ~StopSignals();

    /// Whether `descriptor` became readable within `limit`. Throws Stopped.
    bool await(int descriptor, milliseconds limit) const;
    /// Waits, without limit, for any of `descriptors` to become readable: which. Throws Stopped.
    std::size_t await_any(std::vector<int> const& descriptors) const;

 private:
    int descriptor_;
};

}  // namespace sallyport::cli
