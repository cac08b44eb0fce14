#include "gateway/material.hpp"

#include "base/log.hpp"
#include "gateway/acme/store.hpp"
#include "gateway/pairs.hpp"
#include "pki/auto_tls.hpp"
#include "pki/files.hpp"
#include "pki/reissue.hpp"

#include <algorithm>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

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
    auto renew = [directory, names] { return pki::renew_auto_tls(directory, names); };
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
    auto const text = read_watched(file, material);
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
            bool const is_valid =
                ca.not_before() <= pki::current_time() && pki::current_time() < ca.not_after();
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
