// Which worker a new session goes to: few sessions keep company, many are spread evenly.
//
// A worker that finds several sockets to serve when it wakes spends less on each of them: at 16
// connections, two workers did the work of four with a quarter less CPU (decision 0012). But a
// worker that has its hands full, with handshakes or with bulk, gets no more while another is free.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

namespace sallyport::gateway {

class Placing {
 public:
    using Time = std::chrono::steady_clock::time_point;

    /// As many sessions share a worker before the next worker gets any.
    static constexpr std::size_t company = 8;
    /// How long a worker's CPU time is watched before it is judged: longer than it takes a pool of
    /// clients to connect, whose handshakes say nothing about what it will do.
    static constexpr std::chrono::milliseconds window{200};
    /// A worker is busy when it has used this share of a core, in percent.
    static constexpr int busy_percent = 50;

    struct Load {
        std::size_t sessions = 0;
        std::chrono::nanoseconds cpu_time{};  ///< used by the worker's thread since its start
    };

    /// The index of the worker that takes one more. There is at least one, and always as many.
    std::size_t place(std::span<Load const> loads, Time now);

 private:
    void judge(std::span<Load const> loads, Time now);

    Time since_{};
    std::vector<std::chrono::nanoseconds> used_;  ///< by each worker, at `since_`
    std::vector<bool> is_busy_;
};

}  // namespace sallyport::gateway
