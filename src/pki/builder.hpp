// Puts one certificate together, field by field, in the strict profile of RFC 5280 that
// `openssl verify -x509_strict` and Python's default context demand. Which certificates there are
// is decided in authority.cpp.
#pragma once

#include "pki/certificate.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// A name of one or two parts; an empty part is left out. Throws std::runtime_error for text that
/// is not UTF-8 or longer than X.520 allows (64 characters).
tls::X509NamePtr make_name(std::string_view organization, std::string_view common_name);

/// What a leaf may be used for (RFC 5280 section 4.2.1.12).
enum class Purpose {
    server,
    client,
    node,  ///< both: a database's node answers clients and dials its neighbours
};

class Builder {
 public:
    /// Starts a certificate for `key`, with the exact encoding of `subject`, an SKI (`identifier`
    /// where there is one, else the key's hash), and a random serial of 128 bits.
    Builder(X509_NAME const* subject, Key const& key,
            ASN1_OCTET_STRING const* identifier = nullptr);

    /// From a little before `now` until `end`.
    void valid(Time now, Time end);
    /// Exactly from `begin` until `end`.
    void span(Time begin, Time end);
    /// A CA; `path_length` below zero: any number of intermediates below it.
    void ca(long path_length);
    /// A leaf that proves the identity of one side of a TLS connection.
    void leaf(Purpose purpose);
    /// A leaf for the purposes of `original`, whose revocation is published where `original`'s is.
    void leaf_like(Certificate const& original);
    void names(std::vector<std::string> const& names);
    /// Where the issuer's revocation list can be fetched: a CRL distribution point (RFC 5280
    /// section 4.2.1.13).
    void revocation_list_at(std::string const& url);

    void serial_of(Certificate const& original);
    /// The SAN extension as it stands in `original`, if it has one.
    void names_of(Certificate const& original);
    /// Every extension of `original` but the two that name keys: SANs, usages, where revocation
    /// lists are to be had, and what we know nothing of. Instead of ca(), leaf() and names().
    void extensions_of(Certificate const& original);

    /// Signed by its own key.
    Certificate sign_self(Key const& key) &&;
    /// Issued by `issuer`, which has an SKI.
    Certificate sign(Certificate const& issuer, Key const& issuer_key) &&;

 private:
    void add(int nid, void* value, bool critical);
    /// The extension as it stands in `original`, if it has one.
    void copy(int nid, Certificate const& original);
    bool has_rsa_key() const;
    void key_usage(std::vector<int> const& bits);
    bool has_empty_subject() const;
    Certificate finish(X509_NAME const* issuer, ASN1_OCTET_STRING const* identifier,
                       Key const& issuer_key);

    tls::X509Ptr certificate_;
    tls::Asn1OctetStringPtr identifier_;  // the SKI: OpenSSL reads it from finished ones only
};

}  // namespace sallyport::pki
