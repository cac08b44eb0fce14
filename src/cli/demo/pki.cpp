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

constexpr auto ca_lifetime = days(3652);
constexpr auto leaf_lifetime = days(90);
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
pki::Authority keep_authority(pki::PairFiles const& files, std::string const& name) {
    if (auto kept = read_authority(files)) return *kept;
    auto const made = pki::Authority::create(name, ca_lifetime);
    write(files, {{made.certificate()}, made.key()});
    return made;
}

/// Whether there is one of that authority's that may stay.
bool is_kept(pki::PairFiles const& files, pki::Authority const& authority) {
    auto const kept = pki::read_pair(files);
    return kept && kept->chain.front().is_signed_by(authority.certificate()) &&
           has_long_to_live(kept->chain.front());
}

pki::PairFiles keep_client(DemoPlace const& place, std::string const& name) {
    auto const authority =
        keep_authority(pki::pair_files(place.directory(), "client-ca"), "Sallyport Demo Client CA");
    auto const files = pki::pair_files(place.directory(), "client");
    if (!is_kept(files, authority)) write(files, authority.issue_client(name, leaf_lifetime));
    return files;
}

pki::PairFiles keep_postgres(DemoPlace const& place) {
    auto const authority = keep_authority(pki::pair_files(place.directory(), "postgres-ca"),
                                          "Sallyport Demo PostgreSQL CA");
    auto const directory = place.file("postgres");
    if (!pki::make_private_directory(directory))
        throw DemoFailure("cannot make the directory " + directory.string());
    auto const files = pki::pair_files(directory, "server");
    if (!is_kept(files, authority))
        write(files, authority.issue_server({"127.0.0.1", "localhost"}, leaf_lifetime));
    return files;
}

}  // namespace

DemoPki make_demo_pki(DemoPlace const& place, std::string const& client_name) {
    auto const auto_tls = place.file(demo_files::data) / "auto-tls";
    if (auto const made = pki::ensure_auto_tls(auto_tls, {"127.0.0.1"}); !made)
        throw DemoFailure(auto_tls.string() + ": " + made.error().message(),
                          "remove " + place.directory().string() + " to start anew");
    return {place.file(demo_files::ca),
            pki::pair_files(auto_tls, "server"),
            place.file(demo_files::client_ca),
            keep_client(place, client_name),
            place.file("database-trusts.crt"),
            place.file(demo_files::postgres_ca),
            keep_postgres(place)};
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
