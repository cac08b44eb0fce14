// Certificates and private keys as values: read, written, described.
// The names of a certificate are given in the forms that databases compare: OpenSSL's one-line form
// (REQUIRE SUBJECT in MySQL, MariaDB and TiDB) and RFC 2253 (PostgreSQL's clientname=DN).
#pragma once

#include "base/errc.hpp"
#include "tls/handles.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

using Time = std::chrono::sys_seconds;

inline Time current_time() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// The kind of a key that is made.
struct KeyType {
    unsigned rsa_bits = 0;  ///< 0: ECDSA on P-256

    static KeyType const ecdsa_p256;
    static KeyType const rsa_2048;

    friend constexpr bool operator==(KeyType const&, KeyType const&) = default;
};
inline constexpr KeyType KeyType::ecdsa_p256{0};
/// What the public CAs issue for servers; more costs every full handshake dearly.
inline constexpr KeyType KeyType::rsa_2048{2048};

/// A private key. Copies share the key.
class Key {
 public:
    Key() = default;
    explicit Key(tls::EvpPkeyPtr key) : key_(std::move(key)) {}
    Key(Key const& other) : key_(tls::share(other.get())) {}
    Key(Key&&) noexcept = default;
    Key& operator=(Key other) noexcept;

    static Key generate(KeyType type);
    /// PKCS#8, SEC 1 or PKCS#1 PEM; `password` opens an encrypted one. Errc::file_invalid.
    static Result<Key> from_pem(std::string_view pem, std::string_view password = {});
    /// PKCS#8; encrypted (AES-256, PBKDF2) where there is a password.
    std::string to_pem(std::string_view password = {}) const;
    /// The same in DER, as Java's drivers want it.
    std::string to_pkcs8(std::string_view password = {}) const;

    EVP_PKEY* get() const { return key_.get(); }

 private:
    tls::EvpPkeyPtr key_;
};

/// A certificate. Copies share it.
class Certificate {
 public:
    Certificate() = default;
    explicit Certificate(tls::X509Ptr certificate) : certificate_(std::move(certificate)) {}
    Certificate(Certificate const& other) : certificate_(tls::share(other.get())) {}
    Certificate(Certificate&&) noexcept = default;
    Certificate& operator=(Certificate other) noexcept;

    /// All certificates of a PEM text, in their order. Errc::file_invalid where one does not parse
    /// or there is none.
    static Result<std::vector<Certificate>> from_pem(std::string_view pem);
    std::string to_pem() const;

    std::string subject() const;          ///< RFC 2253: "CN=alice,O=Example"
    std::string subject_oneline() const;  ///< OpenSSL's: "/O=Example/CN=alice"
    std::string common_name() const;      ///< the last CN, in UTF-8; empty where there is none
    std::string issuer() const;
    std::string issuer_oneline() const;
    std::string serial() const;       ///< upper-case hex without separators
    std::string fingerprint() const;  ///< SHA-256 of the DER form, lower-case hex
    /// RFC 5929's tls-server-end-point: the certificate's digest by its signature's own hash, with
    /// SHA-256 in place of MD5 and SHA-1. Empty where the signature has no hash of its own
    /// (Ed25519).
    std::vector<std::byte> end_point_binding() const;
    std::string_view key_type() const;     ///< OpenSSL's name: "EC", "RSA"
    std::string spki_fingerprint() const;  ///< SHA-256 of the public key info, lower-case hex
    /// SHA-256 of subject and public key info, lower-case hex: what makes two certificates of a CA,
    /// an old one and a renewed one, the same CA to a verifier.
    std::string authority_fingerprint() const;
    std::vector<std::string> names() const;  ///< DNS and IP SANs, as text
    Time not_before() const;
    Time not_after() const;
    bool is_self_signed() const;  ///< signed by its own key: a root
    bool is_ca() const;
    bool matches(Key const& key) const;
    /// Names `issuer` as its issuer, and `issuer`'s key made its signature.
    bool is_signed_by(Certificate const& issuer) const;

    X509* get() const { return certificate_.get(); }
    explicit operator bool() const { return certificate_ != nullptr; }

 private:
    tls::X509Ptr certificate_;
};

/// What proves an identity: the leaf first, then its intermediates, and the leaf's key.
struct Credential {
    std::vector<Certificate> chain;
    Key key;
};

std::string to_pem(std::vector<Certificate> const& certificates);

/// A PKCS#12 store (DER) with the key, its chain and `authority`, under the alias `name`: what Java
/// and Windows take in one file. AES-256 and SHA-256 as OpenSSL 3 has them by default: Java 8u301,
/// Windows 10 1709 and later read it.
std::string to_pkcs12(Credential const& credential, Certificate const& authority,
                      std::string const& name, std::string const& password);

}  // namespace sallyport::pki
