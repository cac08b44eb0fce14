// What is counted, and how it is told: one JSON object per line on stdout.
//
//     {"event":"begin"}
//     {"event":"end","units":81234,"seconds":5.000,"cpu_seconds":2.113}
//     {"event":"latency","average_us":98.1,"p50_us":91.2,"p99_us":201.0,"p999_us":433.9,
//      "slowest_us":1021.7,"resumed":0,"counted":81226}
//
// or, of the idle sessions, {"event":"open"}.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <sys/types.h>
#include <vector>

namespace load {

using Clock = std::chrono::steady_clock;

/// One thread's count. Only its thread writes; `units` may be read at any time, the others when the
/// thread has come to rest.
struct alignas(64) Tally {
    std::atomic<std::uint64_t> units = 0;
    std::uint64_t resumed = 0;
    /// Every latency of the counted time, in nanoseconds: percentiles are exact.
    std::vector<std::uint32_t> latencies;
};

/// A deque, because a tally stays where it is.
using Tallies = std::deque<Tally>;

/// What was reached at one moment.
struct Mark {
    Clock::time_point at;
    std::uint64_t units;
    double cpu_seconds;
};

/// The CPU time of `pid` is that of all its threads, ended ones too; 0 for pid 0.
Mark mark(Tallies const& tallies, pid_t pid);

void tell(char const* event);
void tell_end(Mark const& begin, Mark const& end);
void tell_latencies(Tallies const& tallies);

}  // namespace load
