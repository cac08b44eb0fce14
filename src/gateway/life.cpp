#include "gateway/life.hpp"

namespace sallyport::gateway {

Remaining remaining_at(Life const& life, pki::Time now) {
    auto const whole = life.until - life.from;
    auto const left = life.until - now;
    if (left.count() <= 0) return Remaining::nothing;
    if (left * 10 <= whole) return Remaining::tenth;
    if (left * 3 <= whole) return Remaining::third;
    return Remaining::plenty;
}

RenewalState renewal_state(Life const& life, pki::Time due, pki::Time now) {
    if (now >= life.until) return RenewalState::expired;
    if (now < life.from) return RenewalState::due;
    if (now < due) return RenewalState::fresh;
    return remaining_at(life, now) >= Remaining::tenth ? RenewalState::overdue : RenewalState::due;
}

std::string_view name(RenewalState state) {
    switch (state) {
        case RenewalState::fresh:
            return "fresh";
        case RenewalState::due:
            return "due";
        case RenewalState::overdue:
            return "overdue";
        case RenewalState::expired:
            return "expired";
    }
    return "unknown";
}

}  // namespace sallyport::gateway
