#include "base/metrics.hpp"

#include <array>
#include <atomic>

namespace sallyport::metrics {
namespace {

constexpr auto reasons = static_cast<std::size_t>(Errc::address_in_use) + 1;

std::array<std::atomic<std::uint64_t>, reasons> endings;

/// Everything that is counted one by one.
enum Single : std::size_t {
    failed_reloads,
    resumed_back_legs,
    main_refusals,
    canary_refusals,
    canary_handshakes,
    canary_fallbacks,
};
constexpr std::array<std::string_view, 6> single_names{"failed_reloads",    "resumed_back_legs",
                                                       "main_refusals",     "canary_refusals",
                                                       "canary_handshakes", "canary_fallbacks"};
std::array<std::atomic<std::uint64_t>, single_names.size()> singles;

void count(Single which) {
    singles.at(which).fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

void count_ending(Errc reason) {
    endings.at(static_cast<std::size_t>(reason)).fetch_add(1, std::memory_order_relaxed);
}

void count_failed_reload() {
    count(failed_reloads);
}

void count_refused_chain(bool is_canary) {
    count(is_canary ? canary_refusals : main_refusals);
}

void count_canary_handshake() {
    count(canary_handshakes);
}

void count_canary_fallback() {
    count(canary_fallbacks);
}

void count_resumed_back_leg() {
    count(resumed_back_legs);
}

std::vector<std::pair<std::string_view, std::uint64_t>> snapshot() {
    std::vector<std::pair<std::string_view, std::uint64_t>> counters;
    for (std::size_t i = 0; i < reasons; ++i)
        if (auto const count = endings[i].load(std::memory_order_relaxed); count != 0)
            counters.emplace_back(name(static_cast<Errc>(i)), count);
    for (std::size_t i = 0; i < singles.size(); ++i)
        if (auto const count = singles[i].load(std::memory_order_relaxed); count != 0)
            counters.emplace_back(single_names[i], count);
    return counters;
}

}  // namespace sallyport::metrics
