#include "pki/builder.hpp"

#include "pki/alternative_names.hpp"
#include "pki/openssl_calls.hpp"

#include <array>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;

// Clients whose clocks run behind must not find a new certificate "not yet valid". An hour also
// covers a clock set to the wrong side of a daylight-saving change.
constexpr auto backdating = 1h;

// Wide enough that two certificates of one issuer never share a number (RFC 5280 section 4.1.2.2
// allows 20 octets).
constexpr int serial_bits = 128;

// The bit numbers of KeyUsage (RFC 5280 section 4.2.1.3).
constexpr int digital_signature = 0;
constexpr int key_encipherment = 2;
constexpr int key_cert_sign = 5;
constexpr int crl_sign = 6;

// An SKI is the first 160 bits of the SHA-256 of the public key (RFC 7093 section 2, method 1).
constexpr int key_identifier_size = 20;

void set_random_serial(X509& certificate) {
    tls::BignumPtr const number(must(BN_new(), "a number"));
    must(BN_rand(number.get(), serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY), "randomness");
    must(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&certificate)), "a serial number");
}

void set_time(ASN1_TIME* field, Time time) {
    must(ASN1_TIME_set(field, std::chrono::system_clock::to_time_t(time)), "a time");
}

void add_entry(X509_NAME& name, int nid, std::string_view text) {
    if (text.empty()) return;
    constexpr int at_the_end = -1;
    constexpr int own_part = 0;
    must(X509_NAME_add_entry_by_NID(&name, nid, MBSTRING_UTF8,
                                    reinterpret_cast<unsigned char const*>(text.data()),
                                    static_cast<int>(text.size()), at_the_end, own_part),
         "a name '" + std::string(text) + "'");
}

/// The same certificate, read back from its DER form: nothing in it is left for a reader to
/// compute, so that threads can share it.
tls::X509Ptr settled(X509& certificate) {
    unsigned char* der = nullptr;
    int const size = must(i2d_X509(&certificate, &der), "writing a certificate");
    tls::MemoryPtr<unsigned char> const owner(der);
    unsigned char const* cursor = der;
    return tls::X509Ptr(must(d2i_X509(nullptr, &cursor, size), "reading a certificate"));
}

}  // namespace

tls::X509NamePtr make_name(std::string_view organization, std::string_view common_name) {
    tls::X509NamePtr name(must(X509_NAME_new(), "a name"));
    add_entry(*name, NID_organizationName, organization);
    add_entry(*name, NID_commonName, common_name);
    return name;
}

Builder::Builder(X509_NAME const* subject, Key const& key, ASN1_OCTET_STRING const* identifier)
    : certificate_(must(X509_new(), "a certificate")) {
    auto* const certificate = certificate_.get();
    must(X509_set_version(certificate, X509_VERSION_3), "a version");
    must(X509_set_subject_name(certificate, subject), "a subject");
    must(X509_set_pubkey(certificate, key.get()), "a public key");
    set_random_serial(*certificate);

    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    must(X509_pubkey_digest(certificate, EVP_sha256(), digest.data(), nullptr), "hashing a key");
    identifier_.reset(must(ASN1_OCTET_STRING_new(), "a key identifier"));
    if (identifier != nullptr)
        must(ASN1_STRING_copy(identifier_.get(), identifier), "a key identifier");
    else
        must(ASN1_OCTET_STRING_set(identifier_.get(), digest.data(), key_identifier_size),
             "a key identifier");
    add(NID_subject_key_identifier, identifier_.get(), false);
}

void Builder::valid(Time now, Time end) {
    span(now - backdating, end);
}

void Builder::span(Time begin, Time end) {
    set_time(X509_getm_notBefore(certificate_.get()), begin);
    set_time(X509_getm_notAfter(certificate_.get()), end);
}

void Builder::ca(long path_length) {
    tls::BasicConstraintsPtr const constraints(must(BASIC_CONSTRAINTS_new(), "constraints"));
    // DER has one true (X.690 section 11.1); OpenSSL writes what it is given, and strict readers
    // (Rust's, and with them Python's cryptography) refuse any other.
    constraints->ca = 0xff;
    if (path_length >= 0) {
        constraints->pathlen = must(ASN1_INTEGER_new(), "a path length");
        must(ASN1_INTEGER_set(constraints->pathlen, path_length), "a path length");
    }
    add(NID_basic_constraints, constraints.get(), true);
    key_usage({key_cert_sign, crl_sign});
}

void Builder::leaf(Purpose purpose) {
    tls::BasicConstraintsPtr const constraints(must(BASIC_CONSTRAINTS_new(), "constraints"));
    add(NID_basic_constraints, constraints.get(), true);

    // Key exchange by RSA encryption, which TLS 1.2 still knows, is what keyEncipherment allows.
    if (has_rsa_key() && purpose != Purpose::client)
        key_usage({digital_signature, key_encipherment});
    else
        key_usage({digital_signature});

    tls::ExtendedKeyUsagePtr const usages(must(EXTENDED_KEY_USAGE_new(), "usages"));
    auto const allow = [&](int nid) {
        must(sk_ASN1_OBJECT_push(usages.get(), OBJ_nid2obj(nid)), "a usage");
    };
    if (purpose != Purpose::client) allow(NID_server_auth);
    if (purpose != Purpose::server) allow(NID_client_auth);
    add(NID_ext_key_usage, usages.get(), false);
}

void Builder::leaf_like(Certificate const& original) {
    tls::BasicConstraintsPtr const constraints(must(BASIC_CONSTRAINTS_new(), "constraints"));
    add(NID_basic_constraints, constraints.get(), true);
    constexpr std::uint32_t server = XKU_SSL_SERVER;
    bool const is_server = (X509_get_extended_key_usage(original.get()) & server) != 0;
    if (has_rsa_key() && is_server)
        key_usage({digital_signature, key_encipherment});
    else
        key_usage({digital_signature});
    copy(NID_ext_key_usage, original);
    copy(NID_crl_distribution_points, original);
}

void Builder::copy(int nid, Certificate const& original) {
    int const index = X509_get_ext_by_NID(original.get(), nid, -1);
    if (index < 0) return;
    must(X509_add_ext(certificate_.get(), X509_get_ext(original.get(), index), -1),
         "a copied extension");
}

bool Builder::has_rsa_key() const {
    return EVP_PKEY_get_base_id(X509_get0_pubkey(certificate_.get())) == EVP_PKEY_RSA;
}

void Builder::names(std::vector<std::string> const& names) {
    add(NID_subject_alt_name, to_general_names(names).get(), has_empty_subject());
}

void Builder::revocation_list_at(std::string const& url) {
    tls::Asn1StringPtr value(must(ASN1_STRING_type_new(V_ASN1_IA5STRING), "a URL"));
    must(ASN1_STRING_set(value.get(), url.data(), static_cast<int>(url.size())), "a URL");
    tls::GeneralNamePtr place(must(GENERAL_NAME_new(), "a general name"));
    GENERAL_NAME_set0_value(place.get(), GEN_URI, value.release());

    tls::DistributionPointPtr point(must(DIST_POINT_new(), "a distribution point"));
    point->distpoint = must(DIST_POINT_NAME_new(), "a distribution point");
    constexpr int full_name = 0;
    point->distpoint->type = full_name;
    point->distpoint->name.fullname = must(GENERAL_NAMES_new(), "general names");
    must(sk_GENERAL_NAME_push(point->distpoint->name.fullname, place.get()), "a list of names");
    place.release();

    tls::DistributionPointsPtr const points(must(CRL_DIST_POINTS_new(), "distribution points"));
    must(sk_DIST_POINT_push(points.get(), point.get()), "a list of distribution points");
    point.release();
    add(NID_crl_distribution_points, points.get(), false);
}

void Builder::serial_of(Certificate const& original) {
    must(X509_set_serialNumber(certificate_.get(), X509_get_serialNumber(original.get())),
         "a serial number");
}

void Builder::names_of(Certificate const& original) {
    int const index = X509_get_ext_by_NID(original.get(), NID_subject_alt_name, -1);
    if (index < 0) return;
    auto const* const extension = X509_get_ext(original.get(), index);
    tls::X509ExtensionPtr const copy(must(X509_EXTENSION_dup(extension), "copying names"));
    // RFC 5280 section 4.2.1.6 wants it so; an original that is not would pass only lenient checks.
    if (has_empty_subject()) must(X509_EXTENSION_set_critical(copy.get(), 1), "a critical name");
    must(X509_add_ext(certificate_.get(), copy.get(), -1), "copied names");
}

void Builder::extensions_of(Certificate const& original) {
    constexpr int at_the_end = -1;
    for (int i = 0; i < X509_get_ext_count(original.get()); ++i) {
        auto* const extension = X509_get_ext(original.get(), i);
        int const nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
        if (nid == NID_subject_key_identifier || nid == NID_authority_key_identifier) continue;
        must(X509_add_ext(certificate_.get(), extension, at_the_end), "a copied extension");
    }
}

Certificate Builder::sign_self(Key const& key) && {
    return finish(X509_get_subject_name(certificate_.get()), identifier_.get(), key);
}

Certificate Builder::sign(Certificate const& issuer, Key const& issuer_key) && {
    auto const* const identifier = must(X509_get0_subject_key_id(issuer.get()), "an issuer's SKI");
    return finish(X509_get_subject_name(issuer.get()), identifier, issuer_key);
}

void Builder::add(int nid, void* value, bool critical) {
    must(X509_add1_ext_i2d(certificate_.get(), nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT),
         "an extension");
}

void Builder::key_usage(std::vector<int> const& bits) {
    tls::Asn1BitStringPtr const usage(must(ASN1_BIT_STRING_new(), "a key usage"));
    for (int const bit : bits) must(ASN1_BIT_STRING_set_bit(usage.get(), bit, 1), "a key usage");
    add(NID_key_usage, usage.get(), true);
}

bool Builder::has_empty_subject() const {
    return X509_NAME_entry_count(X509_get_subject_name(certificate_.get())) == 0;
}

Certificate Builder::finish(X509_NAME const* issuer, ASN1_OCTET_STRING const* identifier,
                            Key const& issuer_key) {
    auto* const certificate = certificate_.get();
    must(X509_set_issuer_name(certificate, issuer), "an issuer");

    // A CA and its mirror share a name: only this identifier tells a verifier which of the two
    // signed (protocol experiments: with one name and no identifiers, verification fails).
    tls::AuthorityKeyIdPtr const authority(must(AUTHORITY_KEYID_new(), "an issuer's identifier"));
    authority->keyid = must(ASN1_OCTET_STRING_dup(identifier), "an issuer's identifier");
    add(NID_authority_key_identifier, authority.get(), false);

    must(X509_sign(certificate, issuer_key.get(), EVP_sha256()), "signing a certificate");
    return Certificate(settled(*certificate));
}

}  // namespace sallyport::pki
