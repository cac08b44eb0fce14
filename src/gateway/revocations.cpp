#include "gateway/revocations.hpp"

#include "gateway/world.hpp"

#include <algorithm>

namespace sallyport::gateway {

std::shared_ptr<Revocations const> Revocations::of(World const& world) {
    std::shared_ptr<Revocations> made(new Revocations);
    for (auto const& door : world.doors()) {
        bool const closes = door->settings.tls.revoked_sessions == config::RevokedSessions::close;
        if (closes && !door->crls.empty()) made->lists_[door->settings.name] = door->crls;
    }
    if (made->lists_.empty()) return nullptr;
    return made;
}

bool Revocations::revoke(std::string const& listener, identity::Chain const& chain) const {
    auto const found = lists_.find(listener);
    if (found == lists_.end()) return false;
    // An intermediate that was revoked takes everybody below it along.
    return std::ranges::any_of(chain, [&](pki::Certificate const& link) {
        return std::ranges::any_of(found->second,
                                   [&](pki::Crl const& list) { return list.revokes(link); });
    });
}

}  // namespace sallyport::gateway
