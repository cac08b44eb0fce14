// Account rules of our own: what REQUIRE says in CREATE USER, for backends with mirror = "off",
// whose database cannot see the client's TLS (DESIGN section 1, invariant 2).
#pragma once

#include "config/config.hpp"
#include "tls/peer.hpp"

#include <string>
#include <vector>

namespace sallyport::gateway {

/// Whether a client that proved `peer` may log in as `user` to `backend`. Every rule that names
/// the user (and this backend, or none) must be met.
bool meets_rules(std::vector<config::AccountRule> const& rules, std::string const& backend,
                 std::string const& user, tls::Peer const& peer);

}  // namespace sallyport::gateway
