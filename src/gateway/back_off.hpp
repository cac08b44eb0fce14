// How long to wait after a failed attempt: longer each time, within bounds, and never the same for
// two gateways that failed together.
#pragma once

#include <algorithm>
#include <chrono>

namespace sallyport::gateway {

using std::chrono::milliseconds;

/// After the first failure. A directory that was full or a disk that was away may be back soon.
inline constexpr milliseconds first_wait{30'000};
/// At most. In the thirty days that a certificate of ninety has left when it is due, that makes
/// some seven hundred attempts: no load for anybody, and an operator's repair is noticed the same
/// hour.
inline constexpr milliseconds longest_wait{3'600'000};
/// At least, whatever little time is left.
inline constexpr milliseconds shortest_wait{1'000};
/// So many attempts at least are made in what is left of the certificate's life: short-lived
/// certificates are retried sooner.
inline constexpr int attempts_left = 20;

/// The pause after the `failures`th failed attempt in a row (1, 2, ...). `left` is what remains of
/// the certificate's life, none where it is over; `chance` is random, from 0 to 1: it takes away up
/// to half.
inline milliseconds back_off(unsigned failures, milliseconds left, double chance) {
    constexpr unsigned most_doublings = 7;  // 30 s << 7 is over an hour
    auto wait = first_wait * (1U << std::min(failures - 1, most_doublings));
    wait = std::min<milliseconds>(wait, longest_wait);
    if (left > milliseconds(0)) wait = std::min<milliseconds>(wait, left / attempts_left);
    wait -= milliseconds(static_cast<milliseconds::rep>(static_cast<double>(wait.count()) / 2 *
                                                        std::clamp(chance, 0.0, 1.0)));
    return std::max(wait, shortest_wait);
}

}  // namespace sallyport::gateway
