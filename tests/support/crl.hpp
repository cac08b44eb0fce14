// Revocation lists for tests.
#pragma once

#include "pki/authority.hpp"
#include "pki/pem.hpp"

#include <openssl/pem.h>

#include <chrono>
#include <string>
#include <vector>

namespace sallyport::test {

struct CrlWish {
    std::vector<pki::Certificate> revoked{};
    pki::Time issued = pki::current_time() - std::chrono::hours(2);
    pki::Time next = pki::current_time() + std::chrono::days(7);
};

inline tls::X509CrlPtr make_crl(pki::Authority const& issuer, CrlWish const& wish = {}) {
    using std::chrono::system_clock;
    tls::X509CrlPtr crl(X509_CRL_new());
    X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate().get()));
    tls::Asn1StringPtr const issued(ASN1_TIME_set(nullptr, system_clock::to_time_t(wish.issued)));
    tls::Asn1StringPtr const next(ASN1_TIME_set(nullptr, system_clock::to_time_t(wish.next)));
    X509_CRL_set1_lastUpdate(crl.get(), issued.get());
    X509_CRL_set1_nextUpdate(crl.get(), next.get());
    for (auto const& certificate : wish.revoked) {
        X509_REVOKED* const entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.get()));
        X509_REVOKED_set_revocationDate(entry, issued.get());
        X509_CRL_add0_revoked(crl.get(), entry);
    }
    X509_CRL_sort(crl.get());
    X509_CRL_sign(crl.get(), issuer.key().get(), EVP_sha256());
    return crl;
}

inline std::string crl_pem(pki::Authority const& issuer, CrlWish const& wish = {}) {
    tls::BioPtr const out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_CRL(out.get(), make_crl(issuer, wish).get());
    return pki::written_text(*out);
}

}  // namespace sallyport::test
