#include "pki/crl_writer.hpp"

#include "pki/openssl_calls.hpp"

#include <algorithm>

namespace sallyport::pki {
namespace {

tls::Asn1StringPtr to_asn1(Time time) {
    auto const seconds = std::chrono::system_clock::to_time_t(time);
    return tls::Asn1StringPtr(must(ASN1_TIME_set(nullptr, seconds), "a time"));
}

tls::Asn1IntegerPtr serial_of(std::string const& hex) {
    BIGNUM* read = nullptr;
    must(BN_hex2bn(&read, hex.c_str()), "a serial number");
    tls::BignumPtr const number(read);
    return tls::Asn1IntegerPtr(must(BN_to_ASN1_INTEGER(read, nullptr), "a serial number"));
}

tls::X509RevokedPtr to_revoked(LedgerEntry const& entry) {
    tls::X509RevokedPtr revoked(must(X509_REVOKED_new(), "an entry"));
    auto* const raw = revoked.get();
    must(X509_REVOKED_set_serialNumber(raw, serial_of(entry.serial).get()), "an entry's serial");
    must(X509_REVOKED_set_revocationDate(raw, to_asn1(entry.revocation->when).get()), "a date");
    // RFC 5280 section 5.3.1: no reason is better than "unspecified".
    if (entry.revocation->reason == Reason::unspecified) return revoked;
    tls::Asn1EnumeratedPtr const reason(must(ASN1_ENUMERATED_new(), "a reason"));
    must(ASN1_ENUMERATED_set(reason.get(), static_cast<long>(entry.revocation->reason)), "reason");
    must(X509_REVOKED_add1_ext_i2d(raw, NID_crl_reason, reason.get(), 0, X509V3_ADD_DEFAULT),
         "a reason");
    return revoked;
}

void add_extensions(X509_CRL& crl, Authority const& issuer, std::uint64_t number) {
    tls::Asn1IntegerPtr const own(must(ASN1_INTEGER_new(), "a number"));
    must(ASN1_INTEGER_set_uint64(own.get(), number), "a number");
    must(X509_CRL_add1_ext_i2d(&crl, NID_crl_number, own.get(), 0, X509V3_ADD_DEFAULT), "number");

    auto const* const identifier = X509_get0_subject_key_id(issuer.certificate().get());
    tls::AuthorityKeyIdPtr const authority(must(AUTHORITY_KEYID_new(), "an identifier"));
    authority->keyid = must(ASN1_OCTET_STRING_dup(must(identifier, "an SKI")), "an identifier");
    must(X509_CRL_add1_ext_i2d(&crl, NID_authority_key_identifier, authority.get(), 0,
                               X509V3_ADD_DEFAULT),
         "an identifier");
}

/// The same list, read back from its DER form: its encoding is settled, and threads can share it.
Crl settled(X509_CRL& crl) {
    unsigned char* der = nullptr;
    int const size = must(i2d_X509_CRL(&crl, &der), "writing a revocation list");
    tls::MemoryPtr<unsigned char> const owner(der);
    unsigned char const* cursor = der;
    return Crl(tls::X509CrlPtr(must(d2i_X509_CRL(nullptr, &cursor, size), "reading a list")));
}

}  // namespace

Crl make_crl(Authority const& issuer, CrlWish const& wish) {
    tls::X509CrlPtr const crl(must(X509_CRL_new(), "a revocation list"));
    auto* const raw = crl.get();
    must(X509_CRL_set_version(raw, X509_CRL_VERSION_2), "a version");
    must(X509_CRL_set_issuer_name(raw, X509_get_subject_name(issuer.certificate().get())), "name");
    must(X509_CRL_set1_lastUpdate(raw, to_asn1(wish.issued_at).get()), "a time");
    must(X509_CRL_set1_nextUpdate(raw, to_asn1(wish.next_at).get()), "a time");
    for (auto const& entry : wish.entries) {
        if (!entry.revocation) continue;
        auto revoked = to_revoked(entry);
        must(X509_CRL_add0_revoked(raw, revoked.get()), "an entry");
        static_cast<void>(revoked.release());  // the list's by now
    }
    add_extensions(*raw, issuer, wish.number);
    X509_CRL_sort(raw);
    must(X509_CRL_sign(raw, issuer.key().get(), EVP_sha256()), "signing a revocation list");
    return settled(*raw);
}

std::vector<Crl> with_list(std::vector<Crl> lists, Crl next, Certificate const& issuer) {
    std::erase_if(lists, [&](Crl const& list) { return list.is_signed_by(issuer); });
    lists.insert(lists.begin(), std::move(next));
    return lists;
}

std::string to_pem(std::vector<Crl> const& lists) {
    std::string text;
    for (auto const& list : lists) text += list.to_pem();
    return text;
}

}  // namespace sallyport::pki
