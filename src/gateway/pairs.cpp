#include "gateway/pairs.hpp"

#include "pki/files.hpp"

#include <algorithm>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

Checked<void> check_validity(fs::path const& file, pki::Certificate const& certificate,
                             Served const& served) {
    bool const is_in_use = served.fingerprints.contains(certificate.fingerprint());
    if (certificate.not_after() <= pki::current_time() && !is_in_use)
        return fault(Errc::certificate_expired, file,
                     "the certificate " + certificate.subject() + " has expired");
    if (certificate.not_before() > pki::current_time())
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

Checked<pki::Credential> load_credential(fs::path const& cert_file, fs::path const& key_file,
                                         std::string const& password, Material& material,
                                         Served const& served) {
    auto const cert_text = read_watched(cert_file, material);
    if (!cert_text) return cert_text.error();
    auto const chain = pki::Certificate::from_pem(*cert_text);
    if (!chain) return fault(Errc::file_invalid, cert_file, "is not a whole PEM certificate chain");
    auto const key_text = read_watched(key_file, material);
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

}  // namespace

Checked<std::string> read_watched(fs::path const& file, Material& material) {
    material.files.push_back(file);
    auto const text = pki::read_file(file);
    if (!text)
        return fault(Errc::file_unreadable, file, "cannot be read",
                     "check that it exists and that sallyport's user may read it");
    return *text;
}

Checked<std::string> read_password(fs::path const& file, Material& material) {
    if (file.empty()) return std::string();
    auto text = read_watched(file, material);
    if (!text) return text;
    return pki::first_line(*text);
}

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

}  // namespace sallyport::gateway
