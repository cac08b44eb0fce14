#include "pki/crl.hpp"

#include "pki/digest.hpp"
#include "pki/openssl_calls.hpp"
#include "pki/pem.hpp"

#include <openssl/pem.h>

namespace sallyport::pki {
namespace {

/// CAs that follow each other share a name: where list and certificate both say whose key signed
/// them, that must agree, too.
bool has_same_signer(X509_CRL& crl, X509& certificate) {
    auto const* const by = X509_get0_authority_key_id(&certificate);
    int critical = 0;
    tls::AuthorityKeyIdPtr const of(static_cast<AUTHORITY_KEYID*>(
        X509_CRL_get_ext_d2i(&crl, NID_authority_key_identifier, &critical, nullptr)));
    if (by == nullptr || !of || of->keyid == nullptr) return true;
    return ASN1_OCTET_STRING_cmp(by, of->keyid) == 0;
}

}  // namespace

Crl::Crl(Crl const& other) {
    if (other.get() != nullptr) X509_CRL_up_ref(other.get());
    crl_ = tls::X509CrlPtr(other.get());
}

Crl& Crl::operator=(Crl other) noexcept {
    crl_ = std::move(other.crl_);
    return *this;
}

Result<std::vector<Crl>> Crl::from_pem(std::string_view pem) {
    ErrorQueueCleared const cleared;
    tls::BioPtr const text = open_text(pem);
    std::vector<Crl> lists;
    while (text) {
        tls::X509CrlPtr crl(PEM_read_bio_X509_CRL(text.get(), nullptr, nullptr, nullptr));
        if (!crl) break;
        lists.emplace_back(std::move(crl));
    }
    // The only good reason to stop is that no further block begins.
    auto const why = ERR_peek_last_error();
    bool const at_end =
        ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
    if (lists.empty() || !at_end) return Errc::file_invalid;
    return lists;
}

std::string Crl::to_pem() const {
    tls::BioPtr const out(must(BIO_new(BIO_s_mem()), "a memory buffer"));
    must(PEM_write_bio_X509_CRL(out.get(), get()), "writing a revocation list");
    return written_text(*out);
}

std::string Crl::to_der() const {
    tls::BioPtr const out(must(BIO_new(BIO_s_mem()), "a memory buffer"));
    must(i2d_X509_CRL_bio(out.get(), get()), "writing a revocation list");
    return written_text(*out);
}

std::uint64_t Crl::number() const {
    ErrorQueueCleared const cleared;
    int critical = 0;
    tls::Asn1IntegerPtr const number(static_cast<ASN1_INTEGER*>(
        X509_CRL_get_ext_d2i(get(), NID_crl_number, &critical, nullptr)));
    std::uint64_t value = 0;
    if (!number || ASN1_INTEGER_get_uint64(&value, number.get()) != 1) return 0;
    return value;
}

Time Crl::issued_at() const {
    ErrorQueueCleared const cleared;
    return to_time(X509_CRL_get0_lastUpdate(get()), Time{});
}

std::optional<Time> Crl::next_at() const {
    ErrorQueueCleared const cleared;
    ASN1_TIME const* const due = X509_CRL_get0_nextUpdate(get());
    if (due == nullptr) return std::nullopt;
    return to_time(due, Time{});
}

std::size_t Crl::size() const {
    auto const* const entries = X509_CRL_get_REVOKED(get());
    return entries == nullptr ? 0 : static_cast<std::size_t>(sk_X509_REVOKED_num(entries));
}

bool Crl::has_serial(std::string const& serial) const {
    ErrorQueueCleared const cleared;
    BIGNUM* read = nullptr;
    if (BN_hex2bn(&read, serial.c_str()) == 0) return false;
    tls::BignumPtr const number(read);
    tls::Asn1IntegerPtr const wanted(must(BN_to_ASN1_INTEGER(read, nullptr), "a serial number"));
    X509_REVOKED* entry = nullptr;
    return X509_CRL_get0_by_serial(get(), &entry, wanted.get()) != 0;
}

bool Crl::revokes(Certificate const& certificate) const {
    ErrorQueueCleared const cleared;
    auto* const x509 = certificate.get();
    if (X509_NAME_cmp(X509_CRL_get_issuer(get()), X509_get_issuer_name(x509)) != 0) return false;
    X509_REVOKED* entry = nullptr;
    // 2 stands for removeFromCRL: it was on hold, and is no more.
    constexpr int revoked = 1;
    int const found = X509_CRL_get0_by_serial(get(), &entry, X509_get_serialNumber(x509));
    return found == revoked && has_same_signer(*get(), *x509);
}

bool Crl::is_expired() const {
    ASN1_TIME const* const due = X509_CRL_get0_nextUpdate(get());
    return due != nullptr && X509_cmp_current_time(due) < 0;
}

std::string Crl::issuer() const {
    tls::BioPtr const bio(must(BIO_new(BIO_s_mem()), "a memory buffer"));
    if (X509_NAME_print_ex(bio.get(), X509_CRL_get_issuer(get()), 0, XN_FLAG_RFC2253) < 0)
        throw std::runtime_error("writing a name: " + tls::take_errors());
    return written_text(*bio);
}

std::string Crl::fingerprint() const {
    return sha256(to_der());
}

bool Crl::is_same(Crl const& other) const {
    return X509_CRL_match(get(), other.get()) == 0;
}

bool Crl::is_signed_by(Certificate const& ca) const {
    ErrorQueueCleared const cleared;
    // Also for speed: a signature is over megabytes, and there may be a thousand CAs to ask.
    bool const has_name =
        X509_NAME_cmp(X509_CRL_get_issuer(get()), X509_get_subject_name(ca.get())) == 0;
    return has_name && X509_CRL_verify(get(), X509_get0_pubkey(ca.get())) == 1;
}

}  // namespace sallyport::pki
