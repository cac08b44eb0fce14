// What a listener's certificate files hold, checked as a whole: it parses, keys match, chains are
// complete, nothing has expired. Only whole material is ever served.
#pragma once

#include "config/config.hpp"
#include "gateway/fault.hpp"
#include "gateway/renewal.hpp"
#include "pki/certificate.hpp"
#include "pki/crl.hpp"
#include "tls/context.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sallyport::gateway {

struct Material {
    std::vector<pki::Credential> credentials;  ///< our own, one per key type; empty: no TLS
    std::vector<pki::Credential> canary;       ///< the second chain; empty: none
    std::vector<pki::Certificate> client_cas;  ///< empty: client certificates are not asked for
    std::vector<pki::Crl> crls;
    std::string trust_id;                      ///< names client_cas and crls: changes with them
    std::vector<std::filesystem::path> files;  ///< everything that was read: to be watched
    std::vector<pki::Certificate> own_cas;     ///< above `credentials`, as far as we know them
    std::vector<Renewable> renewables;         ///< those of `credentials` that are ours to renew
};

struct Door;

/// What is in use until now; nothing at the start.
struct Served {
    /// A new leaf below one of them that comes without it is an incomplete chain.
    std::vector<pki::Certificate> intermediates;
    /// Of certificates and revocation lists. One that has expired in use is no reason to refuse
    /// what came with it: it must not keep out the renewal of another, or a new revocation.
    std::set<std::string> fingerprints;
    std::vector<std::shared_ptr<Door const>> doors{};
};

/// Reads and checks what `tls` names; makes or renews auto-tls material under `data_dir` where that
/// is what is served, for `auto_tls_names` among others.
Checked<Material> load_material(config::Tls const& tls, std::filesystem::path const& data_dir,
                                std::vector<std::string> const& auto_tls_names,
                                Served const& served);

/// The credential as libssl takes it: pointers into it, for as long as it lives.
tls::Identity borrow(pki::Credential const& credential);

/// The certificates of a PEM file, of which one at least has not expired, or is in use.
Checked<std::vector<pki::Certificate>> load_authorities(std::filesystem::path const& file,
                                                        Served const& served);

}  // namespace sallyport::gateway
