#include "gateway/leg_policy.hpp"

#include <algorithm>

namespace sallyport::gateway {
namespace {

tls::Version version_of(config::TlsVersion version) {
    switch (version) {
        case config::TlsVersion::v1_0:
            return tls::Version::tls_1_0;
        case config::TlsVersion::v1_1:
            return tls::Version::tls_1_1;
        case config::TlsVersion::v1_2:
            return tls::Version::tls_1_2;
        case config::TlsVersion::v1_3:
            return tls::Version::tls_1_3;
    }
    return tls::Version::tls_1_2;
}

/// Those of `wanted` that are also `accepted`, as OpenSSL's lists are written.
std::string join_common(std::vector<std::string> const& wanted,
                        std::vector<std::string> const& accepted) {
    std::string list;
    for (auto const& cipher : wanted) {
        if (std::find(accepted.begin(), accepted.end(), cipher) == accepted.end()) continue;
        list += (list.empty() ? "" : ":") + cipher;
    }
    return list;
}

}  // namespace

tls::AskClient ask_client(config::Tls const& settings, Material const& material) {
    if (material.client_cas.empty()) return tls::AskClient::no;
    switch (settings.client_certificate) {
        case config::ClientCertificate::none:
            return tls::AskClient::no;
        case config::ClientCertificate::optional:
            return tls::AskClient::optional;
        case config::ClientCertificate::required:
            return tls::AskClient::required;
    }
    return tls::AskClient::no;
}

tls::VerifyPeer verify_peer(config::SslMode mode) {
    switch (mode) {
        case config::SslMode::disabled:
        case config::SslMode::preferred:
        case config::SslMode::required:
            return tls::VerifyPeer::no;
        case config::SslMode::verify_ca:
            return tls::VerifyPeer::chain;
        case config::SslMode::verify_identity:
            return tls::VerifyPeer::chain_and_name;
    }
    return tls::VerifyPeer::chain_and_name;
}

tls::Policy front_policy(config::Tls const& settings, Target const& target) {
    auto policy = tls::intermediate(version_of(settings.tls_version));
    if (!settings.ssl_cipher.empty()) policy.cipher_list = settings.ssl_cipher;
    if (!settings.tls_ciphersuites.empty()) policy.ciphersuites = settings.tls_ciphersuites;
    if (!settings.groups.empty()) policy.groups = settings.groups;
    if (target.settings.mirror != config::MirrorMode::strict) return policy;
    // Strict: the front offers only what the health check saw the backend accept.
    if (auto const accepted = target.backend->accepted()) {
        policy.cipher_list = join_common(tls::cipher_names(policy), accepted->tls12);
        policy.ciphersuites = join_common(tls::ciphersuite_names(policy), accepted->tls13);
        if (policy.cipher_list.empty()) policy.minimum = tls::Version::tls_1_3;
        if (policy.ciphersuites.empty()) policy.maximum = tls::Version::tls_1_2;
    }
    return policy;
}

tls::Version oldest_version(std::vector<config::Listener> const& listeners,
                            std::string const& backend) {
    auto oldest = tls::Version::tls_1_2;
    for (auto const& listener : listeners)
        if (listener.backend == backend)
            oldest = std::min(oldest, version_of(listener.tls.tls_version));
    return oldest;
}

tls::Policy back_policy(config::Backend const& backend, tls::Version minimum) {
    auto policy = tls::intermediate(minimum);
    // PostgreSQL before 18 speaks this one group (ssl_ecdh_curve), and all later ones do. Any other
    // first guess costs each handshake a HelloRetryRequest: a round trip, and a second key.
    if (backend.protocol == config::Protocol::postgres)
        policy.groups = "prime256v1:X25519:secp384r1";
    return policy;
}

}  // namespace sallyport::gateway
