// A certificate authority: makes roots and intermediates, and issues leaves under them. Everything
// it makes passes `openssl verify -x509_strict`: SKI in every certificate, AKI in every issued one,
// critical basicConstraints and keyUsage, 128-bit random serials, notBefore a little in the past
// (clocks of clients run behind), and no leaf outlives its issuer.
#pragma once

#include "pki/builder.hpp"
#include "pki/certificate.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace sallyport::pki {

using std::chrono::seconds;

/// A leaf to issue.
struct LeafWish {
    std::string common_name;         ///< UTF-8, up to 64 characters; empty: none
    std::vector<std::string> names;  ///< DNS names, wildcards, addresses; empty: no SAN extension
    Purpose purpose = Purpose::client;
    seconds lifetime{};
    KeyType type = KeyType::ecdsa_p256;
    std::string crl_url{};  ///< CRL distribution point; empty: none
};

class Authority {
 public:
    /// A new self-signed root named `common_name` (O=Sallyport).
    static Authority create(std::string const& common_name, seconds lifetime,
                            KeyType type = KeyType::ecdsa_p256);
    /// A self-signed root named likewise with a key that is there already.
    static Authority create(std::string const& common_name, seconds lifetime, Key const& key);
    /// A new root with the very subject of `original` and a key of its own (a mirror CA).
    static Authority create_like(Certificate const& original, seconds lifetime);
    /// Errc::key_mismatch, or Errc::file_invalid where the certificate is no CA or carries no SKI
    /// (what it issued could not say whose key signed it).
    static Result<Authority> from(Certificate certificate, Key key);

    /// Ends no later than this CA. Throws std::runtime_error for a common name that cannot be one.
    Credential issue(LeafWish const& wish, Time now = current_time()) const;
    /// A TLS server certificate. Each of `names` is a DNS name, a wildcard, or an IP address; the
    /// first is the CN, unless it is longer than a CN may be.
    Credential issue_server(std::vector<std::string> const& names, seconds lifetime,
                            KeyType type = KeyType::ecdsa_p256, Time now = current_time()) const;
    /// A TLS client certificate with CN `user`: UTF-8, 1 to 64 characters. Throws
    /// std::runtime_error for another.
    Credential issue_client(std::string const& user, seconds lifetime,
                            KeyType type = KeyType::ecdsa_p256) const;
    /// An intermediate with the subject and path length of `original`, under this CA.
    Authority issue_intermediate_like(Certificate const& original) const;
    /// A client leaf with subject, SANs and serial number of `original`, this CA as issuer and
    /// AKI; valid from now until the earlier of `lifetime` from now and `original`'s own end.
    Credential issue_client_like(Certificate const& original, seconds lifetime,
                                 Time now = current_time()) const;

    Certificate const& certificate() const { return certificate_; }
    Key const& key() const { return key_; }

 private:
    Authority(Certificate certificate, Key key);

    Certificate certificate_;
    Key key_;
};

}  // namespace sallyport::pki
