#include "report.hpp"

#include "fault.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <numeric>

namespace load {

namespace {

double cpu_seconds(pid_t pid) {
    if (pid == 0) return 0;
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
        fail("the process to measure is gone");
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double microseconds_at(std::vector<std::uint32_t> const& sorted, double share) {
    auto const place = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
    return sorted[place] * 1e-3;
}

}  // namespace

Mark mark(Tallies const& tallies, pid_t pid) {
    std::uint64_t units = 0;
    for (Tally const& tally : tallies) units += tally.units.load(std::memory_order_relaxed);
    return {Clock::now(), units, cpu_seconds(pid)};
}

void tell(char const* event) {
    std::printf("{\"event\":\"%s\"}\n", event);
    std::fflush(stdout);
}

void tell_end(Mark const& begin, Mark const& end) {
    std::chrono::duration<double> const span = end.at - begin.at;
    std::printf("{\"event\":\"end\",\"units\":%llu,\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n",
                static_cast<unsigned long long>(end.units - begin.units), span.count(),
                end.cpu_seconds - begin.cpu_seconds);
    std::fflush(stdout);
}

void tell_latencies(Tallies const& tallies) {
    std::vector<std::uint32_t> all;
    std::uint64_t resumed = 0;
    for (Tally const& tally : tallies) {
        all.insert(all.end(), tally.latencies.begin(), tally.latencies.end());
        resumed += tally.resumed;
    }
    // One answer of 100 MB may well take longer than the counted time.
    auto const counted = all.size();
    if (all.empty()) all.push_back(0);
    std::sort(all.begin(), all.end());
    double const sum = std::accumulate(all.begin(), all.end(), 0.0);
    std::printf(
        "{\"event\":\"latency\",\"average_us\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
        "\"p999_us\":%.1f,\"slowest_us\":%.1f,\"resumed\":%llu,\"counted\":%zu}\n",
        sum / static_cast<double>(all.size()) * 1e-3, microseconds_at(all, 0.5),
        microseconds_at(all, 0.99), microseconds_at(all, 0.999), all.back() * 1e-3,
        static_cast<unsigned long long>(resumed), counted);
    std::fflush(stdout);
}

}  // namespace load
