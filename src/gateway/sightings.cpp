#include "gateway/sightings.hpp"

#include "gateway/world.hpp"

#include <set>
#include <utility>

namespace sallyport::gateway {
namespace {

class Gathering {
 public:
    void add(Sighting sighting) {
        if (seen_.emplace(sighting.role, sighting.id).second) all_.push_back(std::move(sighting));
    }
    void add(Role role, std::vector<pki::Certificate> const& certificates,
             std::string const& place) {
        for (auto const& certificate : certificates) add(sighting_of(role, certificate, place));
    }

    void add_front(Door const& door) {
        auto const& place = door.settings.name;
        for (auto const* const shown : {&door.credentials, &door.canary_credentials})
            for (auto const& credential : *shown)
                for (std::size_t i = 0; i < credential.chain.size(); ++i)
                    add(sighting_of(i == 0 ? Role::node : Role::chain, credential.chain[i], place));
        add(Role::ca, door.own_cas, place);
        add(Role::client_ca, door.client_cas, place);
        for (auto const& crl : door.crls) add(sighting_of(crl, place));
        if (!door.mirror) return;
        if (auto const mirrors = pki::Certificate::from_pem(door.mirror->bundle()))
            add(Role::mirror_ca, *mirrors, place);
    }

    void add_back(Target const& target) {
        auto const& place = target.settings.name;
        add(Role::backend_ca, target.authorities, place);
        for (auto const& chain : target.backend->shown())
            for (std::size_t i = 0; i < chain.size(); ++i)
                add(sighting_of(i == 0 ? Role::backend : Role::backend_ca, chain[i], place));
    }

    std::vector<Sighting> take() { return std::move(all_); }

 private:
    std::set<std::pair<Role, std::string>> seen_;
    std::vector<Sighting> all_;
};

}  // namespace

Sighting sighting_of(Role role, pki::Certificate const& certificate, std::string place) {
    return {role,
            std::move(place),
            certificate.subject(),
            certificate.serial(),
            certificate.fingerprint(),
            {certificate.not_before(), certificate.not_after()}};
}

Sighting sighting_of(pki::Crl const& crl, std::string place) {
    using namespace std::chrono_literals;
    // A list that names no next one is good for ever.
    auto const until = crl.next_at().value_or(std::chrono::sys_days(9999y / 12 / 31));
    auto number = crl.number() != 0 ? std::to_string(crl.number()) : std::string();
    return {Role::client_crl,  std::move(place),  crl.issuer(),
            std::move(number), crl.fingerprint(), {crl.issued_at(), until}};
}

std::vector<Sighting> sightings_of(World const& world, pki::Time now) {
    Gathering gathering;
    for (auto const& door : world.doors()) gathering.add_front(*door);
    for (auto const& target : world.targets()) gathering.add_back(*target);
    if (!world.doors().empty())
        for (auto& client : world.doors().front()->clients->seen(now))
            gathering.add(std::move(client));
    return gathering.take();
}

}  // namespace sallyport::gateway
