#include "pki/crl.hpp"

#include "pki/digest.hpp"
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

std::string Crl::issuer() const {
    tls::BioPtr const bio(must(BIO_new(BIO_s_mem()), "a memory buffer"));
    if (X509_NAME_print_ex(bio.get(), X509_CRL_get_issuer(get()), 0, XN_FLAG_RFC2253) < 0)
        throw std::runtime_error("writing a name: " + tls::take_errors());
    return written_text(*bio);
}

std::string Crl::fingerprint() const {
    return sha256(to_der());
}

Time Crl::this_update() const {
    return to_time(X509_CRL_get0_lastUpdate(get()), Time{});
}

Time Crl::next_update() const {
    using namespace std::chrono_literals;
    return to_time(X509_CRL_get0_nextUpdate(get()), std::chrono::sys_days(9999y / 12 / 31));
}

std::string Crl::to_der() const {
    unsigned char* der = nullptr;
    int const size = must(i2d_X509_CRL(get(), &der), "writing a revocation list");
    tls::MemoryPtr<unsigned char> const owner(der);
    return {reinterpret_cast<char const*>(der), static_cast<std::size_t>(size)};
}

bool Crl::is_signed_by(Certificate const& ca) const {
    ErrorQueueCleared const cleared;
    return X509_CRL_verify(get(), X509_get0_pubkey(ca.get())) == 1;
}

}  // namespace sallyport::pki
