// Counters of what the gateway has seen since its start. Safe from any thread.
#pragma once

#include "base/errc.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::metrics {

/// A session has ended for this reason.
void count_ending(Errc reason);
/// A reload was tried and the old configuration stayed.
void count_failed_reload();
/// A database has resumed a TLS session of ours.
void count_resumed_back_leg();
/// A client has refused the certificate chain that it was shown, the canary's or the main one.
void count_refused_chain(bool is_canary);
/// A handshake was completed with the canary's chain.
void count_canary_handshake();
/// A canary was refused too often.
void count_canary_fallback();

/// Each counter that is not 0, by its name: an Errc's name for sessions, and "failed_reloads",
/// "resumed_back_legs", "main_refusals", "canary_refusals", "canary_handshakes",
/// "canary_fallbacks".
std::vector<std::pair<std::string_view, std::uint64_t>> snapshot();

}  // namespace sallyport::metrics
