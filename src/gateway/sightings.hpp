// Every certificate and revocation list that a World relies on, or has seen, gathered for the
// expiry watch and the metrics.
#pragma once

#include "gateway/expiry_watch.hpp"
#include "pki/certificate.hpp"
#include "pki/crl.hpp"

#include <string>
#include <vector>

namespace sallyport::gateway {

class World;

Sighting sighting_of(Role role, pki::Certificate const& certificate, std::string place);
Sighting sighting_of(pki::Crl const& crl, std::string place);

/// Each certificate once for each role that it plays. Safe from any thread.
std::vector<Sighting> sightings_of(World const& world, pki::Time now);

}  // namespace sallyport::gateway
