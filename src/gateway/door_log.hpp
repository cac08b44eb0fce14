// What the log says of the doors when they open, and again after each reload.
#pragma once

#include "gateway/world.hpp"

namespace sallyport::gateway {

/// For each listener: whether a secure connection is enabled, with which certificates, and whether
/// a share of the handshakes is shown a canary's.
void log_doors(World const& world);

}  // namespace sallyport::gateway
