// The second chain of a door: whether it can be served there, and its context.
#include "config/scram.hpp"
#include "gateway/world.hpp"

#include <algorithm>

namespace sallyport::gateway {
namespace {

bool has_key_type(std::vector<pki::Credential> const& all, pki::Credential const& wanted) {
    return std::any_of(all.begin(), all.end(), [&](pki::Credential const& credential) {
        return credential.chain.front().key_type() == wanted.chain.front().key_type();
    });
}

}  // namespace

bool Door::is_of_canary(X509 const& certificate) const {
    return std::any_of(canary_credentials.begin(), canary_credentials.end(),
                       [&](pki::Credential const& credential) {
                           return X509_cmp(credential.chain.front().get(), &certificate) == 0;
                       });
}

Checked<void> World::add_canary(Door& door, Material const& material, tls::FrontSettings settings,
                                Estate& estate, Served const& served) {
    if (material.canary.empty()) return {};
    if (config::needs_same_certificate(door.target->settings)) {
        door.why_no_canary =
            "the backend's scram is relayed, which needs the database's own certificate on the "
            "door";
        return {};
    }
    settings.identities.clear();
    for (auto const& credential : material.canary)
        settings.identities.push_back(borrow(credential));
    // TLS 1.2 suites name a type of key: a client that can use but one which the canary lacks must
    // find the main certificate, not a closed door.
    for (auto const& credential : material.credentials)
        if (!has_key_type(material.canary, credential))
            settings.identities.push_back(borrow(credential));
    auto const context = tls::FrontContext::make(settings, estate.tickets);
    if (!context)
        return Fault{Errc::file_invalid, config_.source,
                     "listener \"" + door.settings.name + "\": canary: " + tls::take_errors(), ""};
    door.canary_tls = *context;
    door.canary_credentials = material.canary;
    auto const& tls = door.settings.tls;
    Canary::Terms terms{door.settings.name, {}, tls.canary_share, tls.canary_limit};
    for (auto const& credential : material.canary)
        for (auto const& link : credential.chain) terms.chain += link.fingerprint();
    // One that has fallen stays so until its files or its terms change.
    for (auto const& old : served.doors)
        if (old->canary && old->canary->terms() == terms) door.canary = old->canary;
    if (!door.canary) door.canary = std::make_shared<Canary>(std::move(terms));
    return {};
}

}  // namespace sallyport::gateway
