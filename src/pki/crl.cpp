#include "pki/crl.hpp"

#include "pki/openssl_calls.hpp"
#include "pki/pem.hpp"

#include <openssl/pem.h>

namespace sallyport::pki {

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

bool Crl::is_expired() const {
    ASN1_TIME const* const due = X509_CRL_get0_nextUpdate(get());
    return due != nullptr && X509_cmp_current_time(due) < 0;
}

bool Crl::is_signed_by(Certificate const& ca) const {
    ErrorQueueCleared const cleared;
    return X509_CRL_verify(get(), X509_get0_pubkey(ca.get())) == 1;
}

}  // namespace sallyport::pki
