// From the words of the configuration to the terms of TLS, for either leg.
#pragma once

#include "config/config.hpp"
#include "gateway/material.hpp"
#include "gateway/world.hpp"
#include "tls/context.hpp"

#include <string>
#include <vector>

namespace sallyport::gateway {

/// Whether a front leg asks for certificates: never where nobody could be verified.
tls::AskClient ask_client(config::Tls const& settings, Material const& material);
tls::VerifyPeer verify_peer(config::SslMode mode);
/// Where the target's mirror is strict, the front offers only what the backend was seen to accept.
tls::Policy front_policy(config::Tls const& settings, Target const& target);
/// The oldest version that a front leg to this backend can have: what its back leg must be able to
/// mirror. The mirror narrows it for each session.
tls::Version oldest_version(std::vector<config::Listener> const& listeners,
                            std::string const& backend);
tls::Policy back_policy(config::Backend const& backend, tls::Version minimum);

}  // namespace sallyport::gateway
