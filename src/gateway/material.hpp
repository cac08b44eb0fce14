// What a listener's certificate files hold, checked as a whole: it parses, keys match, chains are
// complete, nothing has expired. Only whole material is ever served.
#pragma once

#include "config/config.hpp"
#include "gateway/fault.hpp"
#include "gateway/renewal.hpp"
#include "pki/certificate.hpp"
#include "pki/crl.hpp"
#include "tls/context.hpp"

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

/// Reads and checks what `tls` names; makes or renews auto-tls material under `data_dir` where that
/// is what is served, for `auto_tls_names` among others. `known_intermediates` are those served
/// until now: a new leaf below one of them that comes without it is an incomplete chain.
Checked<Material> load_material(config::Tls const& tls, std::filesystem::path const& data_dir,
                                std::vector<std::string> const& auto_tls_names,
                                std::vector<pki::Certificate> const& known_intermediates);

/// The credential as libssl takes it: pointers into it, for as long as it lives.
tls::Identity borrow(pki::Credential const& credential);

/// The certificates of a PEM file, none of them expired.
Checked<std::vector<pki::Certificate>> load_authorities(std::filesystem::path const& file);

}  // namespace sallyport::gateway
