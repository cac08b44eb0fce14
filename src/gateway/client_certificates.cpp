#include "gateway/client_certificates.hpp"

#include "gateway/sightings.hpp"

namespace sallyport::gateway {

void ClientCertificates::saw(pki::Certificate const& certificate, std::string const& listener) {
    auto const name = certificate.issuer() + "\n" + certificate.subject();
    auto const fingerprint = certificate.fingerprint();
    std::lock_guard const lock(mutex_);
    auto const* const known = known_.find(name);
    if (known != nullptr && known->id == fingerprint) return;
    known_.put(name, sighting_of(Role::client, certificate, listener));
}

std::vector<Sighting> ClientCertificates::seen(pki::Time now) const {
    std::lock_guard const lock(mutex_);
    std::vector<Sighting> all;
    for (auto const& [name, sighting] : known_.items())
        if (now < sighting.life.until + expired_memory) all.push_back(sighting);
    return all;
}

}  // namespace sallyport::gateway
