#include "gateway/expiry_watch.hpp"

namespace sallyport::gateway {

std::string_view name(Role role) {
    switch (role) {
        case Role::node:
            return "node";
        case Role::ca:
            return "ca";
        case Role::client_ca:
            return "client_ca";
        case Role::client:
            return "client";
        case Role::chain:
            return "chain";
        case Role::client_crl:
            return "client_crl";
        case Role::mirror_ca:
            return "mirror_ca";
        case Role::backend:
            return "backend";
        case Role::backend_ca:
            return "backend_ca";
    }
    return "unknown";
}

std::vector<ExpiryWatch::Alert> ExpiryWatch::look(std::vector<Sighting> const& in_sight,
                                                  pki::Time now, std::string_view in_hand) {
    std::vector<Alert> alerts;
    for (auto const& sighting : in_sight) {
        auto const remaining = remaining_at(sighting.life, now);
        auto const key = std::string(name(sighting.role)) + " " + sighting.id;
        auto const* const known = told_.find(key);
        auto told = known != nullptr ? *known : Told{};
        bool const went_back = now + clock_tolerance < told.at;
        if (went_back && remaining < told.remaining) told = {};
        bool const is_early = sighting.id == in_hand && remaining != Remaining::nothing;
        if (remaining > told.remaining && !is_early) {
            told = {remaining, now};
            alerts.push_back({sighting, remaining});
        }
        if (told.remaining != Remaining::plenty)
            told_.put(key, told);
        else if (known != nullptr)
            told_.erase(key);
    }
    return alerts;
}

}  // namespace sallyport::gateway
