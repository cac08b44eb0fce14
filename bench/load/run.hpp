// One load from its warm-up to its end: the threads, and the story that main tells.
#pragma once

#include "options.hpp"
#include "report.hpp"

#include <latch>
#include <memory>

namespace load {

/// Does what `options` say and reports on stdout. When the load is over its sessions stay open
/// until stdin ends, so that memory can be looked at.
class Run {
 public:
    explicit Run(Options options);
    void measure();

 private:
    enum class Stage {
        warming,   // work is done, and its latencies are forgotten
        counting,  // they are kept
        over,      // threads finish the unit that they are at, and rest
    };

    /// Opens a session up to the database's readiness; `ticket` as in Channel::secure().
    std::unique_ptr<Channel> open(Ticket* ticket) const;
    void close(Channel& channel) const;

    void work(std::size_t thread, Tally& tally);
    void connect_over_and_over(Tally& tally);
    void query_over_and_over(std::size_t thread, Tally& tally);
    void sit_idle(std::size_t thread);
    void rest();

    /// Units that took their time from `since` until now; false where that time is not counted.
    bool count(Tally& tally, Clock::time_point since, std::uint64_t units) const;
    Stage stage() const { return stage_.load(std::memory_order_relaxed); }

    Options options_;
    std::unique_ptr<Dialect> dialect_;
    Context context_;
    std::atomic<Stage> stage_ = Stage::warming;
    /// Counted down by each thread: when it is ready to begin, and when it has come to rest.
    std::latch ready_;
    std::latch resting_;
    /// Counted down by main: when all may go.
    std::latch leaving_{1};
};

}  // namespace load
