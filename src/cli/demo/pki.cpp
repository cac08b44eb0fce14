#include "cli/demo/pki.hpp"

#include "cli/demo/failure.hpp"
#include "cli/demo/gateway.hpp"
#include "gateway/world.hpp"
#include "pki/authority.hpp"
#include "pki/auto_tls.hpp"
#include "pki/files.hpp"

#include <optional>

namespace sallyport::cli {
namespace {

using std::chrono::days;

constexpr auto client_ca_lifetime = days(3652);
constexpr auto client_lifetime = days(90);
/// Made anew when less is left: nobody leaves a demo running for longer.
constexpr auto least_left = days(30);

bool has_long_to_live(pki::Certificate const& certificate) {
    return certificate.not_after() - pki::current_time() > least_left;
}

void write(pki::PairFiles const& files, pki::Credential const& credential) {
    if (!pki::write_pair(files, credential))
        throw DemoFailure("cannot write " + files.certificate.string(),
                          "is the disk full, or the directory read-only?");
}

std::optional<pki::Authority> read_authority(pki::PairFiles const& files) {
    auto const pair = pki::read_pair(files);
    if (!pair || !has_long_to_live(pair->chain.front())) return std::nullopt;
    auto const authority = pki::Authority::from(pair->chain.front(), pair->key);
    if (!authority) return std::nullopt;
    return *authority;
}

/// Whatever is wrong with the one that is there, another is as good: only the demo uses it.
pki::Authority keep_authority(pki::PairFiles const& files) {
    if (auto kept = read_authority(files)) return *kept;
    auto const made = pki::Authority::create("Sallyport Demo Client CA", client_ca_lifetime);
    write(files, {{made.certificate()}, made.key()});
    return made;
}

void keep_client(pki::PairFiles const& files, pki::Authority const& authority,
                 std::string const& name) {
    auto const kept = pki::read_pair(files);
    if (kept && kept->chain.front().is_signed_by(authority.certificate()) &&
        has_long_to_live(kept->chain.front()))
        return;
    write(files, authority.issue_client(name, client_lifetime));
}

}  // namespace

DemoPki make_demo_pki(DemoPlace const& place, std::string const& client_name) {
    auto const auto_tls = place.file(demo_files::data) / "auto-tls";
    if (auto const made = pki::ensure_auto_tls(auto_tls, {"127.0.0.1"}); !made)
        throw DemoFailure(auto_tls.string() + ": " + made.error().message(),
                          "remove " + place.directory().string() + " to start anew");
    auto const client_ca = pki::pair_files(place.directory(), "client-ca");
    auto const client = pki::pair_files(place.directory(), "client");
    keep_client(client, keep_authority(client_ca), client_name);
    return {place.file(demo_files::ca), pki::pair_files(auto_tls, "server"),
            place.file(demo_files::client_ca), client, place.file("database-trusts.crt")};
}

void trust_clients(DemoPlace const& place, DemoPki const& pki) {
    auto settings = load_demo_config(place.file(demo_files::config));
    if (!settings) throw DemoFailure(settings.error().what(), settings.error().hint);
    gateway::Estate estate;
    auto const world = gateway::World::build(std::move(*settings), estate);
    if (!world) throw DemoFailure(world.error().what(), world.error().hint);
    auto const client_ca = pki::read_file(pki.client_ca);
    if (!client_ca) throw DemoFailure("cannot read " + pki.client_ca.string());
    place.write_public(pki.client_trust.filename().string(),
                       *client_ca + (*world)->mirror_bundle());
}

}  // namespace sallyport::cli
