// One immutable snapshot of everything a session needs: configuration, routes, TLS contexts, mirror
// CAs. Reload builds the next World completely, checks it, and swaps one pointer; a session keeps
// the World it was born in.
#pragma once

#include "config/config.hpp"
#include "gateway/backend.hpp"
#include "gateway/canary.hpp"
#include "gateway/client_certificates.hpp"
#include "gateway/fault.hpp"
#include "gateway/material.hpp"
#include "gateway/postgres/verifiers.hpp"
#include "identity/mirror.hpp"
#include "tls/context.hpp"
#include "tls/tickets.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// The back side of a route: a backend and how to speak TLS to it.
struct Target {
    config::Backend settings;
    std::shared_ptr<tls::BackContext> tls;  ///< null with ssl-mode DISABLED
    std::shared_ptr<Backend> backend;
    std::vector<pki::Certificate> authorities;  ///< of ssl-ca; empty: the system's roots

    std::shared_ptr<VerifierCache> verifiers;             ///< postgres only
    std::shared_ptr<VerifierFiles const> verifier_files;  ///< postgres only

    /// The name to ask for and to verify behind one of the addresses.
    std::string server_name(std::size_t index) const;
    /// The protocol to name by ALPN; empty: none.
    std::string alpn() const;
    /// PostgreSQL has no TLS on Unix sockets, as nobody stands between us and the server there.
    bool is_always_plain(std::size_t index) const;
};

/// One listener as its sessions see it.
struct Door {
    config::Listener settings;
    std::shared_ptr<tls::FrontContext> tls;    ///< null: secure connection is NOT ENABLED
    std::shared_ptr<identity::Mirror> mirror;  ///< null: no client certificates are asked for
    std::shared_ptr<Target const> target;
    std::vector<pki::Credential> credentials;  ///< what is served, for the log and `check`
    std::vector<pki::Certificate> own_cas;     ///< above `credentials`, as far as we know them
    std::vector<pki::Certificate> client_cas;
    std::vector<pki::Crl> crls;                   ///< those that the handshakes look into
    std::shared_ptr<ClientCertificates> clients;  ///< who came through this and other doors

    std::shared_ptr<Canary> canary;                   ///< null: there is no second chain
    std::shared_ptr<tls::FrontContext> canary_tls;    ///< where there is a canary
    std::vector<pki::Credential> canary_credentials;  ///< likewise
    std::string why_no_canary;                        ///< where one is set and cannot be served
    /// Whether this is a leaf of the canary's.
    bool is_of_canary(X509 const& certificate) const;
};

/// What outlives a World: ticket keys, what is known of the backends, the mirrors' caches. Used on
/// the thread that builds Worlds, and must outlive every World built with it.
struct Estate {
    tls::TicketKeys tickets;
    std::map<std::string, std::shared_ptr<Backend>> backends;         ///< by name and addresses
    std::map<std::string, std::shared_ptr<VerifierCache>> verifiers;  ///< likewise
    std::map<std::string, std::weak_ptr<identity::Mirror>> mirrors;   ///< by the client CAs
    std::shared_ptr<ClientCertificates> clients = std::make_shared<ClientCertificates>();
};

class World {
 public:
    /// Reads every file that `config` names and builds the whole, or says what is wrong. `previous`
    /// is what is served now, if anything is.
    static Checked<std::shared_ptr<World const>> build(config::Config config, Estate& estate,
                                                       World const* previous = nullptr);

    config::Config const& config() const { return config_; }
    std::vector<std::shared_ptr<Door const>> const& doors() const { return doors_; }
    std::vector<std::shared_ptr<Target const>> const& targets() const { return targets_; }
    /// Everything that was read, the configuration file among it: to be watched.
    std::vector<std::filesystem::path> const& files() const { return files_; }
    /// The certificates that are ours to renew, each once.
    std::vector<Renewable> const& renewables() const { return renewables_; }
    /// The PEM bundle of mirror CAs that a backend's database must trust for clients.
    std::string mirror_bundle() const;

 private:
    World() = default;
    Checked<void> add_target(config::Backend const& backend, Estate& estate, Served const& served);
    Checked<void> add_verifiers(Target& target, std::string const& key, Estate& estate);
    Checked<void> add_door(config::Listener const& listener, Estate& estate, Served const& served);
    void add_renewables(std::vector<Renewable> const& renewables);
    Checked<void> add_canary(Door& door, Material const& material, tls::FrontSettings settings,
                             Estate& estate, Served const& served);
    Served served() const;

    config::Config config_;
    std::vector<std::shared_ptr<Target const>> targets_;
    std::vector<std::shared_ptr<Door const>> doors_;
    std::vector<std::filesystem::path> files_;
    std::vector<Renewable> renewables_;
};

}  // namespace sallyport::gateway
