#include "base/metrics.hpp"

#include <array>
#include <atomic>

namespace sallyport::metrics {
namespace {

constexpr auto reasons = static_cast<std::size_t>(Errc::address_in_use) + 1;

std::array<std::atomic<std::uint64_t>, reasons> endings;
std::atomic<std::uint64_t> failed_reloads;
std::atomic<std::uint64_t> resumed_back_legs;

}  // namespace

void count_ending(Errc reason) {
    endings.at(static_cast<std::size_t>(reason)).fetch_add(1, std::memory_order_relaxed);
}

void count_failed_reload() {
    failed_reloads.fetch_add(1, std::memory_order_relaxed);
}

void count_resumed_back_leg() {
    resumed_back_legs.fetch_add(1, std::memory_order_relaxed);
}

std::vector<std::pair<std::string_view, std::uint64_t>> snapshot() {
    std::vector<std::pair<std::string_view, std::uint64_t>> counters;
    for (std::size_t i = 0; i < reasons; ++i)
        if (auto const count = endings[i].load(std::memory_order_relaxed); count != 0)
            counters.emplace_back(name(static_cast<Errc>(i)), count);
    if (auto const count = failed_reloads.load(std::memory_order_relaxed); count != 0)
        counters.emplace_back("failed_reloads", count);
    if (auto const count = resumed_back_legs.load(std::memory_order_relaxed); count != 0)
        counters.emplace_back("resumed_back_legs", count);
    return counters;
}

}  // namespace sallyport::metrics
