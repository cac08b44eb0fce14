// A clock that acts when it runs out, unless it is destroyed first; and a rest for coroutines.
#pragma once

#include "net/clocks.hpp"
#include "net/loop.hpp"
#include "net/wakeup.hpp"

#include <chrono>
#include <functional>
#include <optional>

namespace sallyport::net {

class Deadline final : private Clock {
 public:
    /// Calls `action` on the loop's thread after `limit`. The action may destroy the deadline.
    Deadline(Loop& loop, std::chrono::milliseconds limit, std::function<void()> action);
    ~Deadline();
    Deadline(Deadline const&) = delete;
    Deadline& operator=(Deadline const&) = delete;

    bool expired() const { return !entry_; }

 private:
    void on_time() override;

    Clocks& clocks_;
    std::function<void()> action_;
    std::optional<Clocks::Entry> entry_;  ///< none once it has run out
};

/// Resumes after `time`.
Task<> rest(Loop& loop, std::chrono::milliseconds time);

}  // namespace sallyport::net
