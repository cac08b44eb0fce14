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

/// Each counter that is not 0, by its name: "failed_reloads",
/// "resumed_back_legs", and an Errc's name for sessions.
std::vector<std::pair<std::string_view, std::uint64_t>> snapshot();

}  // namespace sallyport::metrics
