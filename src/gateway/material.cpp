#include "gateway/material.hpp"

#include "base/log.hpp"
#include "gateway/acme/store.hpp"
#include "pki/auto_tls.hpp"
#include "pki/files.hpp"
#include "pki/reissue.hpp"

#include <algorithm>
#include <chrono>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

pki::Time now() {
    return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

Fault fault(Errc code, fs::path file, std::string reason, std::string hint = {}) {
    return {code, std::move(file), std::move(reason), std::move(hint)};
}

Checked<std::string> read(fs::path const& file, Material& material) {
    material.files.push_back(file);
    auto const text = pki::read_file(file);
    if (!text)
        return fault(Errc::file_unreadable, file, "cannot be read",
                     "check that it exists and that sallyport's user may read it");
    return *text;
}

Checked<void> check_validity(fs::path const& file, pki::Certificate const& certificate,
                             Served const& served) {
    bool const is_in_use = served.fingerprints.contains(certificate.fingerprint());
    if (certificate.not_after() <= now() && !is_in_use)
        return fault(Errc::certificate_expired, file,
                     "the certificate " + certificate.subject() + " has expired");
    if (certificate.not_before() > now())
        return fault(Errc::certificate_expired, file,
                     "the certificate " + certificate.subject() + " is not valid yet");
    return {};
}

/// Each certificate must be issued by the next one, and the last one by a root: clients have roots
/// only. Whether an issuer that is not in the file is a root can be known only where we have met
/// it.
Checked<void> check_chain(fs::path const& file, std::vector<pki::Certificate> const& chain,
                          std::vector<pki::Certificate> const& known_intermediates) {
    for (std::size_t i = 0; i + 1 < chain.size(); ++i)
        if (!chain[i].is_signed_by(chain[i + 1]))
            return fault(Errc::chain_incomplete, file,
                         "an intermediate is missing: certificate " + std::to_string(i + 1) + " (" +
                             chain[i].subject() + ") is not issued by the next one in the file",
                         "put the leaf first, then each issuer below the root, in order");
    auto const& last = chain.back();
    bool const below_known = std::any_of(
        known_intermediates.begin(), known_intermediates.end(),
        [&](pki::Certificate const& known) { return last.issuer() == known.subject(); });
    if (below_known && !last.is_self_signed())
        return fault(Errc::chain_incomplete, file,
                     "the intermediate " + last.issuer() + " is missing",
                     "append the intermediate's certificate to the file");
    return {};
}

Checked<std::string> read_password(fs::path const& file, Material& material) {
    if (file.empty()) return std::string();
    auto text = read(file, material);
    if (!text) return text;
    return text->substr(0, text->find_first_of("\r\n"));
}

Checked<pki::Credential> load_credential(fs::path const& cert_file, fs::path const& key_file,
                                         std::string const& password, Material& material,
                                         Served const& served) {
    auto const cert_text = read(cert_file, material);
    if (!cert_text) return cert_text.error();
    auto const chain = pki::Certificate::from_pem(*cert_text);
    if (!chain) return fault(Errc::file_invalid, cert_file, "is not a whole PEM certificate chain");
    auto const key_text = read(key_file, material);
    if (!key_text) return key_text.error();
    auto const key = pki::Key::from_pem(*key_text, password);
    if (!key)
        return fault(Errc::file_invalid, key_file, "is not a PEM private key that can be opened",
                     "an encrypted key needs ssl-key-password-file");
    if (!chain->front().matches(*key))
        return fault(Errc::key_mismatch, key_file,
                     "the private key does not belong to the certificate in " + cert_file.string());
    for (auto const& certificate : *chain)
        if (auto const valid = check_validity(cert_file, certificate, served); !valid)
            return valid.error();
    if (auto const whole = check_chain(cert_file, *chain, served.intermediates); !whole)
        return whole.error();
    return pki::Credential{*chain, *key};
}

Checked<pki::Authority> load_authority(pki::AuthorityFiles const& files, Material& material) {
    for (auto const& file : {files.certificate, files.key, files.password_file})
        if (!file.empty()) material.files.push_back(file);
    auto const authority = pki::read_authority(files);
    if (authority) return *authority;
    auto const why = authority.error();
    if (why == Errc::file_unreadable)
        return fault(Errc::file_unreadable, files.key, "ca-cert or ca-key cannot be read",
                     "check that they exist and that sallyport's user may read them");
    if (why == Errc::key_mismatch)
        return fault(Errc::key_mismatch, files.key,
                     "the private key belongs to no certificate in " + files.certificate.string());
    return fault(Errc::file_invalid, files.key,
                 "ca-cert and ca-key are not a CA that can issue certificates",
                 "an encrypted key needs ca-key-password-file; CA keys are ECDSA or RSA");
}

/// Those of the operator's pairs that the operator's CA issued are ours to issue again.
Checked<void> add_renewables(config::Tls const& tls, std::string const& password,
                             Material& material) {
    pki::AuthorityFiles const ca_files{tls.ca_cert, tls.ca_key, tls.ca_key_password_file};
    auto const authority = load_authority(ca_files, material);
    if (!authority) return authority.error();
    auto const& ca = authority->certificate();
    material.own_cas.push_back(ca);
    for (std::size_t i = 0; i < material.credentials.size(); ++i) {
        auto const& leaf = material.credentials[i].chain.front();
        auto const file = tls.ssl_cert[i].string();
        if (!leaf.is_signed_by(ca)) {
            log::warn("certificate is not renewed here: ca-cert did not issue it",
                      {{"file", file}, {"issuer", leaf.issuer()}, {"ca_cert", ca.subject()}});
            continue;
        }
        pki::PairFiles const pair{tls.ssl_cert[i], tls.ssl_key[i]};
        auto renew = [pair, password, ca_files]() -> Result<void> {
            auto const done = pki::reissue_files(pair, password, ca_files);
            if (!done) return done.error();
            if (*done == pki::Reissued::yes)
                log::info("certificate issued again", {{"file", pair.certificate.string()}});
            return {};
        };
        material.renewables.push_back({file,
                                       {leaf.not_before(), leaf.not_after()},
                                       pki::renewal_time(leaf, ca),
                                       std::move(renew)});
    }
    return {};
}

/// The pairs of `certs` and `keys`, in their order.
Checked<std::vector<pki::Credential>> load_pairs(std::vector<fs::path> const& certs,
                                                 std::vector<fs::path> const& keys,
                                                 std::string const& password, Material& material,
                                                 Served const& served) {
    std::vector<pki::Credential> loaded;
    for (std::size_t i = 0; i < certs.size(); ++i) {
        auto const credential = load_credential(certs[i], keys[i], password, material, served);
        if (!credential) return credential.error();
        loaded.push_back(*credential);
    }
    return loaded;
}

Checked<void> load_own(config::Tls const& tls, Material& material, Served const& served) {
    auto const password = read_password(tls.ssl_key_password_file, material);
    if (!password) return password.error();
    // Only where we replace these files ourselves can a crash of ours have left them half done.
    for (std::size_t i = 0; i < tls.ssl_cert.size() && !tls.ca_cert.empty(); ++i)
        static_cast<void>(pki::finish_replacement({tls.ssl_cert[i], tls.ssl_key[i]}, *password));
    auto loaded = load_pairs(tls.ssl_cert, tls.ssl_key, *password, material, served);
    if (!loaded) return loaded.error();
    material.credentials = std::move(*loaded);
    if (tls.ca_cert.empty()) return {};
    return add_renewables(tls, *password, material);
}

Checked<void> load_canary(config::Tls const& tls, Material& material, Served const& served) {
    auto const password = read_password(tls.ssl_key_password_file, material);
    if (!password) return password.error();
    auto loaded = load_pairs(tls.canary_cert, tls.canary_key, *password, material, served);
    // One that was forgotten here is no reason to serve nothing.
    if (!loaded && loaded.error().code == Errc::certificate_expired) {
        log::warn("no canary is served",
                  {{"file", loaded.error().file.string()}, {"reason", loaded.error().reason}});
        return {};
    }
    if (!loaded) return loaded.error();
    material.canary = std::move(*loaded);
    return {};
}

Checked<void> make_own(fs::path const& directory, std::vector<std::string> const& names,
                       Material& material) {
    auto const made = pki::ensure_auto_tls(directory, names);
    if (!made)
        return fault(
            static_cast<Errc>(made.error().value()), directory,
            "auto-tls: " + made.error().message(),
            "repair the files there, or move the directory away to start anew (clients must "
            "then be given the new ca.crt)");
    material.credentials = made->servers;
    // All of one directory are made, and renewed, together.
    auto const& leaf = made->servers.front().chain.front();
    auto renew = [directory, names]() -> Result<void> {
        auto const renewed = pki::ensure_auto_tls(directory, names);
        if (!renewed) return renewed.error();
        return {};
    };
    material.renewables.push_back({directory.string(),
                                   {leaf.not_before(), leaf.not_after()},
                                   made->renew_at,
                                   std::move(renew)});
    if (auto const ca = load_authorities(made->ca, {})) material.own_cas = *ca;
    material.files.insert(material.files.end(), made->files.begin(), made->files.end());
    return {};
}

/// Whether the certificate of [acme] is there. A bad one is no reason to serve nothing: the log has
/// said why, and auto-tls takes its place until the next is there.
bool load_acme(fs::path const& file, Material& material) {
    if (file.empty()) return false;
    material.files.push_back(file);
    auto const credential = read_acme_certificate(file);
    if (credential) material.credentials = {*credential};
    return credential.has_value();
}

Checked<void> load_crls(fs::path const& file, Material& material, Served const& served) {
    auto const text = read(file, material);
    if (!text) return text.error();
    auto const crls = pki::Crl::from_pem(*text);
    if (!crls) return fault(Errc::file_invalid, file, "is not a whole PEM revocation list");
    bool any_is_ours = false;
    for (pki::Crl const& crl : *crls) {
        if (crl.is_expired() && !served.fingerprints.contains(crl.fingerprint()))
            return fault(Errc::certificate_expired, file, "the revocation list has expired",
                         "publish a new one: after nextUpdate it proves nothing");
        any_is_ours |=
            std::any_of(material.client_cas.begin(), material.client_cas.end(),
                        [&](pki::Certificate const& ca) { return crl.is_signed_by(ca); });
    }
    // Those of intermediates are checked with the chains that clients bring; but a file that has
    // none of a CA here is the wrong file.
    if (!any_is_ours)
        return fault(Errc::file_invalid, file,
                     "no revocation list in it is signed by a certificate in ssl-ca");
    material.crls = *crls;
    material.trust_id += *text;
    return {};
}

}  // namespace

tls::Identity borrow(pki::Credential const& credential) {
    tls::Identity identity;
    for (auto const& certificate : credential.chain) identity.chain.push_back(certificate.get());
    identity.key = credential.key.get();
    return identity;
}

Checked<std::vector<pki::Certificate>> load_authorities(fs::path const& file,
                                                        Served const& served) {
    auto const text = pki::read_file(file);
    if (!text)
        return fault(Errc::file_unreadable, file, "cannot be read",
                     "check that it exists and that sallyport's user may read it");
    auto authorities = pki::Certificate::from_pem(*text);
    if (!authorities)
        return fault(Errc::file_invalid, file, "is not a whole PEM certificate bundle");
    // An expired CA beside a current one is the normal end of a rotation; expired ones alone verify
    // nobody.
    bool const any_valid =
        std::any_of(authorities->begin(), authorities->end(), [&](pki::Certificate const& ca) {
            bool const is_valid = ca.not_before() <= now() && now() < ca.not_after();
            return is_valid || served.fingerprints.contains(ca.fingerprint());
        });
    if (!any_valid)
        return fault(Errc::certificate_expired, file, "every CA certificate in it has expired");
    for (auto const& authority : *authorities)
        if (!authority.is_ca())
            return fault(Errc::file_invalid, file,
                         "the certificate " + authority.subject() + " is not a CA certificate");
    return *authorities;
}

Checked<Material> load_material(config::Tls const& tls, fs::path const& data_dir,
                                std::vector<std::string> const& auto_tls_names,
                                Served const& served) {
    Material material;
    if (!tls.ssl_cert.empty()) {
        if (auto const own = load_own(tls, material, served); !own) return own.error();
    } else if (!load_acme(tls.acme_certificate, material) && tls.auto_tls) {
        if (auto const own = make_own(data_dir / "auto-tls", auto_tls_names, material); !own)
            return own.error();
    }
    if (!tls.canary_cert.empty())
        if (auto const canary = load_canary(tls, material, served); !canary) return canary.error();
    if (tls.ssl_ca.empty()) return material;
    material.files.push_back(tls.ssl_ca);
    auto const authorities = load_authorities(tls.ssl_ca, served);
    if (!authorities) return authorities.error();
    material.client_cas = *authorities;
    for (auto const& authority : *authorities) material.trust_id += authority.to_pem();
    if (!tls.ssl_crl.empty())
        if (auto const crls = load_crls(tls.ssl_crl, material, served); !crls) return crls.error();
    return material;
}

}  // namespace sallyport::gateway
