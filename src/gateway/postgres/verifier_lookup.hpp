// Where a user's SCRAM verifier is looked for, in this order: auth-file, what is remembered, the
// database itself.
#pragma once

#include "gateway/back_leg.hpp"
#include "gateway/postgres/verifiers.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace sallyport::gateway {

struct FoundVerifier {
    std::optional<ScramVerifier> verifier;  ///< empty: the database has none for this user
    std::string note;                       ///< for the log: why a known one does not count
};

/// The verifier that fits how the database has just challenged this user, on `back`. Errc::
/// verifier_unavailable, with the cause in `why`, where the database could not be asked within
/// `limit`.
net::Task<Result<FoundVerifier>> look_up_verifier(BackLeg& back, Target const& target,
                                                  Challenge challenge,
                                                  std::chrono::milliseconds limit,
                                                  std::string& why);

}  // namespace sallyport::gateway
