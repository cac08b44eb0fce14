// [tls], and the same keys in a [[listener]].
#include "config/load_tables.hpp"

namespace sallyport::config {

namespace {

/// More refusals than a canary ever needs to be judged by.
constexpr std::uint32_t max_canary_limit = 1'000'000;

constexpr char hint_for_ca[] =
    "ssl-ca names the authorities whose client certificates are accepted";

void judge_files(Section& cert, Section& key, Section& crl, Tls const& tls) {
    if (!tls.ssl_cert.empty() && tls.ssl_key.empty())
        cert.fault("ssl-cert", "ssl-cert without ssl-key", "ssl-key names the certificate's key");
    else if (tls.ssl_cert.empty() && !tls.ssl_key.empty())
        key.fault("ssl-key", "ssl-key without ssl-cert", "ssl-cert names the key's certificate");
    else if (tls.ssl_cert.size() != tls.ssl_key.size())
        key.fault("ssl-key",
                  "ssl-cert and ssl-key name " + std::to_string(tls.ssl_cert.size()) + " and " +
                      std::to_string(tls.ssl_key.size()) + " files",
                  "one ssl-key for each ssl-cert, in the same order");
    if (!tls.ssl_crl.empty() && tls.ssl_ca.empty())
        crl.fault("ssl-crl", "ssl-crl without ssl-ca", hint_for_ca);
}

void judge_authority(Section& ca_cert, Section& ca_key, Tls const& tls) {
    if (!tls.ca_cert.empty() && tls.ca_key.empty())
        ca_cert.fault("ca-cert", "ca-cert without ca-key",
                      "ca-key names the key that issues ssl-cert again when it is due");
    else if (tls.ca_cert.empty() && !tls.ca_key.empty())
        ca_key.fault("ca-key", "ca-key without ca-cert", "ca-cert names the key's certificate");
    else if (!tls.ca_cert.empty() && tls.ssl_cert.empty())
        ca_cert.fault("ca-cert", "ca-cert without ssl-cert: there is nothing for it to renew",
                      "auto-tls has a CA of its own; set ssl-cert and ssl-key, or remove ca-cert");
}

void judge_canary(Section& cert, Section& key, Tls const& tls) {
    if (!tls.canary_cert.empty() && tls.canary_key.empty())
        cert.fault("canary-cert", "canary-cert without canary-key",
                   "canary-key names the certificate's key");
    else if (tls.canary_cert.empty() && !tls.canary_key.empty())
        key.fault("canary-key", "canary-key without canary-cert",
                  "canary-cert names the key's certificate");
    else if (tls.canary_cert.size() != tls.canary_key.size())
        key.fault("canary-key",
                  "canary-cert and canary-key name " + std::to_string(tls.canary_cert.size()) +
                      " and " + std::to_string(tls.canary_key.size()) + " files",
                  "one canary-key for each canary-cert, in the same order");
    if (!tls.canary_cert.empty() && !tls.auto_tls && tls.ssl_cert.empty())
        cert.fault("canary-cert", "canary-cert without a main certificate",
                   "the canary stands beside ssl-cert or auto-tls and falls back to it");
}

/// A warning, no fault: [tls] may hold the terms for those listeners that have a canary.
void warn_of_terms(Section& in, std::string_view key, Tls const& tls) {
    if (!in.has(key) || in.has("canary-cert") || !tls.canary_cert.empty()) return;
    in.warn(key, std::string(key) + " without canary-cert",
            "canary-cert names the chain that a share of the handshakes is shown");
}

}  // namespace

void read_tls(Section& in, Tls& tls) {
    in.read("auto-tls", tls.auto_tls);
    in.read_files("ssl-cert", tls.ssl_cert);
    in.read_files("ssl-key", tls.ssl_key);
    in.read_file("ssl-key-password-file", tls.ssl_key_password_file);
    in.read_file("ca-cert", tls.ca_cert);
    in.read_file("ca-key", tls.ca_key);
    in.read_file("ca-key-password-file", tls.ca_key_password_file);
    in.read_file("ssl-ca", tls.ssl_ca);
    in.read_file("ssl-crl", tls.ssl_crl);
    in.read("tls-version", tls.tls_version);
    in.read("ssl-cipher", tls.ssl_cipher);
    in.read("tls-ciphersuites", tls.tls_ciphersuites);
    in.read("groups", tls.groups);
    in.read("require-secure-transport", tls.require_secure_transport);
    in.read("client-certificate", tls.client_certificate);
    in.read("revoked-sessions", tls.revoked_sessions);
    in.read_files("canary-cert", tls.canary_cert);
    in.read_files("canary-key", tls.canary_key);
    in.read("canary-share", tls.canary_share, 0, 1);
    in.read("canary-limit", tls.canary_limit, 1, max_canary_limit);
}

void judge_tls(Section& listener, Section* tls_section, Tls const& tls) {
    auto const setter = [&](std::string_view key) -> Section& {
        bool const is_inherited =
            tls_section != nullptr && tls_section->has(key) && !listener.has(key);
        return is_inherited ? *tls_section : listener;
    };
    judge_files(setter("ssl-cert"), setter("ssl-key"), setter("ssl-crl"), tls);
    judge_canary(setter("canary-cert"), setter("canary-key"), tls);
    for (std::string_view const key : {"canary-share", "canary-limit"})
        warn_of_terms(setter(key), key, tls);

    judge_authority(setter("ca-cert"), setter("ca-key"), tls);

    bool const demands_certificate = tls.client_certificate == ClientCertificate::required;
    if (demands_certificate && tls.ssl_ca.empty())
        setter("client-certificate")
            .fault("client-certificate", "client-certificate = \"required\" without ssl-ca",
                   hint_for_ca);
    // A listener may take an inherited ssl-crl away, and with it what follows from it.
    bool const is_taken_away = listener.has("ssl-crl") && !listener.has("revoked-sessions");
    if (tls.revoked_sessions == RevokedSessions::close && tls.ssl_crl.empty() && !is_taken_away)
        setter("revoked-sessions")
            .fault("revoked-sessions", "revoked-sessions = \"close\" without ssl-crl",
                   "ssl-crl names the lists that say who is revoked");
    if (demands_certificate && !tls.require_secure_transport)
        setter("require-secure-transport")
            .warn("require-secure-transport",
                  "clients in plain text show no certificate, though client-certificate is "
                  "\"required\"",
                  "set require-secure-transport = true");
    if (tls.require_secure_transport && !tls.auto_tls && tls.ssl_cert.empty() &&
        tls.ssl_key.empty())
        setter("auto-tls")
            .fault("auto-tls",
                   "TLS is required but there is no certificate: no client could "
                   "connect",
                   "set ssl-cert and ssl-key, or auto-tls = true");
    if (tls.tls_version < TlsVersion::v1_2)
        setter("tls-version")
            .warn("tls-version",
                  "tls-version = \"" + std::string(word(tls.tls_version)) +
                      "\" lets clients in with a protocol that is no longer secure",
                  "TLSv1.2 is the least that is (RFC 8996)");
}

}  // namespace sallyport::config
