// A certificate's life as numbers: which part of it is over, and what that calls for. Nothing here
// asks for the time: it is given, so that every age (and every jump of the clock) can be tested.
#pragma once

#include "pki/certificate.hpp"

#include <string_view>

namespace sallyport::gateway {

/// From the first second in which a certificate (or a revocation list) is good to the one in which
/// it is good no more.
struct Life {
    pki::Time from{};
    pki::Time until{};

    friend bool operator==(Life const&, Life const&) = default;
};

/// How much of a life is left, for those who must act before its end.
enum class Remaining {
    plenty,   ///< more than a third, or its life has not begun
    third,    ///< a third or less: what renews itself is renewed at this point
    tenth,    ///< a tenth or less: whatever should have renewed it has failed for a long time
    nothing,  ///< it has ended
};
Remaining remaining_at(Life const& life, pki::Time now);

/// What the renewal of a certificate has come to.
enum class RenewalState {
    fresh,    ///< nothing to do; ends at two thirds of its life
    due,      ///< it is being renewed; ends with success, or when a tenth of its life remains.
              ///< Also one that is not valid yet, because the clock has gone back
    overdue,  ///< still valid, but every attempt so far has failed; ends with success or expiry
    expired,  ///< clients refuse it; ends with success
};
/// `due`: when the renewal is to begin, not before two thirds of `life`.
RenewalState renewal_state(Life const& life, pki::Time due, pki::Time now);

/// "fresh", "due", "overdue" or "expired".
std::string_view name(RenewalState state);

}  // namespace sallyport::gateway
