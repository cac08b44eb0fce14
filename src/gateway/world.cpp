#include "gateway/world.hpp"

#include "gateway/leg_policy.hpp"
#include "pki/files.hpp"

#include <algorithm>
#include <set>

namespace sallyport::gateway {
namespace {

/// What auto-tls's one certificate must be valid for, beside the host's own names: every address
/// that it is served on. Those that nobody can dial are passed over there.
std::vector<std::string> auto_tls_names(std::vector<config::Listener> const& listeners) {
    std::vector<std::string> names;
    for (auto const& listener : listeners)
        if (listener.tls.ssl_cert.empty()) names.push_back(listener.address.host);
    return names;
}

Checked<std::shared_ptr<identity::Mirror>> open_mirror(Material const& material,
                                                       std::filesystem::path const& data_dir,
                                                       Estate& estate) {
    auto const id = pki::to_pem(material.client_cas);
    auto const directory = data_dir / "mirror-ca";
    auto const opened = identity::Mirror::open(directory, material.client_cas);
    if (!opened)
        return Fault{static_cast<Errc>(opened.error().value()), directory,
                     "mirror CA: " + opened.error().message(),
                     "restore the directory from a backup; databases trust what is in it"};
    // The mirror of unchanged CAs is kept: with it the chains that tickets refer to.
    auto known = estate.mirrors[id].lock();
    if (known && known->issues_like(**opened)) return known;
    estate.mirrors[id] = *opened;
    return *opened;
}

/// Takes the lists that are served already instead of the same ones just read: 100,000 entries take
/// 60 MB, and every World that still has sessions keeps its own.
void share_lists(std::vector<pki::Crl>& lists,
                 std::vector<std::shared_ptr<Door const>> const& doors) {
    for (auto& list : lists)
        for (auto const& door : doors)
            for (auto const& served : door->crls)
                if (list.is_same(served)) list = served;
}

/// Neither a root, nor a root's cross certificate: what those issue needs no intermediate once
/// clients have the root itself.
bool is_intermediate(pki::Certificate const& certificate) {
    return !certificate.is_self_signed() && certificate.subject() != certificate.issuer();
}

std::function<bool(X509&)> resumption_check(std::shared_ptr<identity::Mirror> mirror) {
    if (!mirror) return {};
    return [mirror = std::move(mirror)](X509& leaf) {
        pki::Certificate const certificate(tls::share(&leaf));
        return certificate.not_after() > std::chrono::system_clock::now() &&
               !mirror->chain_of(certificate).empty();
    };
}

}  // namespace

std::string Target::server_name(std::size_t index) const {
    if (!settings.ssl_server_name.empty()) return settings.ssl_server_name;
    auto const& address = settings.addresses[index];
    // A Unix socket is this host, whichever name the path has.
    return address.is_unix() ? "localhost" : address.host;
}

std::string Target::alpn() const {
    return settings.protocol == config::Protocol::postgres ? "postgresql" : "";
}

bool Target::is_always_plain(std::size_t index) const {
    return settings.protocol == config::Protocol::postgres && settings.addresses[index].is_unix();
}

Checked<std::shared_ptr<World const>> World::build(config::Config config, Estate& estate,
                                                   World const* previous) {
    if (auto const made = pki::make_private_directory(config.data_dir); !made)
        return Fault{Errc::file_unreadable, config.data_dir,
                     "the data directory cannot be made or is not a directory",
                     "set data-dir to a directory that sallyport's user may write"};
    auto const served = previous != nullptr ? previous->served() : Served();
    std::shared_ptr<World> world(new World);
    world->config_ = std::move(config);
    world->files_.push_back(world->config_.source);
    if (auto const& acme = world->config_.acme; acme && !acme->ca_file.empty()) {
        world->files_.push_back(acme->ca_file);
        if (auto const loaded = load_authorities(acme->ca_file, served); !loaded)
            return loaded.error();
    }
    for (auto const& backend : world->config_.backends)
        if (auto const added = world->add_target(backend, estate, served); !added)
            return added.error();
    for (auto const& listener : world->config_.listeners)
        if (auto const added = world->add_door(listener, estate, served); !added)
            return added.error();
    return std::shared_ptr<World const>(world);
}

Checked<void> World::add_target(config::Backend const& backend, Estate& estate,
                                Served const& served) {
    auto target = std::make_shared<Target>();
    target->settings = backend;
    auto key = backend.name;
    for (auto const& address : backend.addresses) key += " " + address.to_string();
    auto& known = estate.backends[key];
    if (!known) known = std::make_shared<Backend>(backend.name, backend.addresses);
    target->backend = known;
    if (backend.ssl_mode != config::SslMode::disabled) {
        tls::BackSettings settings;
        settings.policy = back_policy(backend, oldest_version(config_.listeners, backend.name));
        settings.verify = verify_peer(backend.ssl_mode);
        auto& authorities = target->authorities;
        if (!backend.ssl_ca.empty()) {
            files_.push_back(backend.ssl_ca);
            auto const loaded = load_authorities(backend.ssl_ca, served);
            if (!loaded) return loaded.error();
            authorities = *loaded;
        }
        for (auto const& authority : authorities) settings.cas.push_back(authority.get());
        auto const context = tls::BackContext::make(settings);
        if (!context) return Fault{Errc::file_invalid, backend.ssl_ca, tls::take_errors(), ""};
        target->tls = *context;
    }
    if (backend.protocol == config::Protocol::postgres)
        if (auto const added = add_verifiers(*target, key, estate); !added) return added.error();
    targets_.push_back(std::move(target));
    return {};
}

Checked<void> World::add_verifiers(Target& target, std::string const& key, Estate& estate) {
    auto const& settings = target.settings.verifiers;
    for (auto const& file : {settings.auth_file, settings.auth_password_file})
        if (!file.empty()) files_.push_back(file);
    auto read = read_verifier_files(settings);
    if (!read) return read.error();
    target.verifier_files = std::make_shared<VerifierFiles const>(std::move(*read));
    // What another account or another query was told does not count.
    auto& cache = estate.verifiers[key + "\n" + settings.auth_user + "\n" + settings.auth_database +
                                   "\n" + settings.auth_query];
    if (!cache) cache = std::make_shared<VerifierCache>();
    target.verifiers = cache;
    return {};
}

Checked<void> World::add_door(config::Listener const& listener, Estate& estate,
                              Served const& served) {
    auto door = std::make_shared<Door>();
    door->settings = listener;
    for (auto const& target : targets_)
        if (target->settings.name == listener.backend) door->target = target;
    auto material =
        load_material(listener.tls, config_.data_dir, auto_tls_names(config_.listeners), served);
    if (!material) return material.error();
    share_lists(material->crls, doors_);
    share_lists(material->crls, served.doors);
    files_.insert(files_.end(), material->files.begin(), material->files.end());
    add_renewables(material->renewables);

    tls::FrontSettings settings;
    settings.policy = front_policy(listener.tls, *door->target);
    settings.ask_client = ask_client(listener.tls, *material);
    if (settings.ask_client != tls::AskClient::no) {
        auto const mirror = open_mirror(*material, config_.data_dir, estate);
        if (!mirror) return mirror.error();
        door->mirror = *mirror;
    }
    for (auto const& credential : material->credentials)
        settings.identities.push_back(borrow(credential));
    for (auto const& ca : material->client_cas) settings.client_cas.push_back(ca.get());
    for (auto const& crl : material->crls) settings.crls.push_back(crl.get());
    settings.trust_id = std::to_string(static_cast<int>(settings.ask_client)) + material->trust_id;
    settings.may_resume = resumption_check(door->mirror);
    settings.alpn = door->target->alpn();
    settings.binds_tickets = !material->canary.empty();
    if (!material->credentials.empty()) {
        auto const context = tls::FrontContext::make(settings, estate.tickets);
        if (!context)
            return Fault{Errc::file_invalid, config_.source,
                         "listener \"" + listener.name + "\": " + tls::take_errors(),
                         "check ssl-cipher, tls-ciphersuites and groups"};
        door->tls = *context;
    }
    door->credentials = material->credentials;
    door->own_cas = material->own_cas;
    door->client_cas = material->client_cas;
    door->crls = material->crls;
    door->clients = estate.clients;
    if (auto const added = add_canary(*door, *material, settings, estate, served); !added)
        return added.error();
    doors_.push_back(std::move(door));
    return {};
}

/// Listeners that share their files share the renewal.
void World::add_renewables(std::vector<Renewable> const& renewables) {
    for (auto const& renewable : renewables)
        if (std::ranges::find(renewables_, renewable.file, &Renewable::file) == renewables_.end())
            renewables_.push_back(renewable);
}

Served World::served() const {
    Served served;
    served.doors = doors_;
    auto const add = [&](std::vector<pki::Certificate> const& certificates) {
        for (auto const& certificate : certificates)
            served.fingerprints.insert(certificate.fingerprint());
    };
    for (auto const& target : targets_) add(target->authorities);
    for (auto const& door : doors_) {
        add(door->client_cas);
        for (auto const& crl : door->crls) served.fingerprints.insert(crl.fingerprint());
        for (auto const& credential : door->canary_credentials) add(credential.chain);
        for (auto const& credential : door->credentials) {
            add(credential.chain);
            for (std::size_t i = 1; i < credential.chain.size(); ++i)
                if (is_intermediate(credential.chain[i]))
                    served.intermediates.push_back(credential.chain[i]);
        }
    }
    return served;
}

std::string World::mirror_bundle() const {
    std::string bundle;
    std::set<identity::Mirror const*> seen;
    for (auto const& door : doors_)
        if (door->mirror && seen.insert(door->mirror.get()).second)
            bundle += door->mirror->bundle();
    return bundle;
}

}  // namespace sallyport::gateway
