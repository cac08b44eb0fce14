#include "gateway/canary.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"

#include <random>

namespace sallyport::gateway {

bool Canary::is_next() const {
    if (has_fallen()) return false;
    // Who is shown which chain is no secret: any generator will do, one for each worker.
    thread_local std::minstd_rand generator{std::random_device{}()};
    // Below 1 always: a share of 1 is every handshake, a share of 0 none.
    return std::uniform_real_distribution<double>(0, 1)(generator) < terms_.share;
}

void Canary::refused(std::string const& why) {
    bool const is_last = refusals_.fetch_add(1, std::memory_order_relaxed) + 1 == terms_.limit;
    if (!is_last) return;
    metrics::count_canary_fallback();
    log::error("the canary has fallen back",
               {{"listener", terms_.listener},
                {"refusals", terms_.limit},
                {"share", terms_.share},
                {"last", why},
                {"hint",
                 "clients do not trust its chain: give them the new CA, then change the "
                 "canary's files or canary-share and reload"}});
}

}  // namespace sallyport::gateway
