#include "gateway/placing.hpp"

#include <algorithm>
#include <utility>

namespace sallyport::gateway {

std::size_t Placing::place(std::span<Load const> loads, Time now) {
    judge(loads, now);
    std::size_t sessions = 0;
    for (Load const& load : loads) sessions += load.sessions;
    auto const busy = static_cast<std::size_t>(std::ranges::count(is_busy_, true));
    auto const in_use = std::min(loads.size(), sessions / company + busy + 1);

    std::size_t best = 0;
    for (std::size_t i = 1; i < in_use; ++i)
        if (std::pair(is_busy_[i], loads[i].sessions) <
            std::pair(is_busy_[best], loads[best].sessions))
            best = i;
    return best;
}

void Placing::judge(std::span<Load const> loads, Time now) {
    bool const is_first = used_.empty();
    if (!is_first && now - since_ < window) return;
    is_busy_.assign(loads.size(), false);
    used_.resize(loads.size());
    for (std::size_t i = 0; i < loads.size(); ++i) {
        auto const used = loads[i].cpu_time - std::exchange(used_[i], loads[i].cpu_time);
        is_busy_[i] = !is_first && used * 100 >= (now - since_) * busy_percent;
    }
    since_ = now;
}

}  // namespace sallyport::gateway
