// PKCS#12 stores (RFC 7292). The declaration is in certificate.hpp.
#include "pki/certificate.hpp"
#include "pki/openssl_calls.hpp"
#include "pki/pem.hpp"

namespace sallyport::pki {

std::string to_pkcs12(Credential const& credential, Certificate const& authority,
                      std::string const& name, std::string const& password) {
    tls::BorrowedX509sPtr const others(must(sk_X509_new_null(), "a list of certificates"));
    for (std::size_t i = 1; i < credential.chain.size(); ++i)
        must(sk_X509_push(others.get(), credential.chain[i].get()), "a list of certificates");
    must(sk_X509_push(others.get(), authority.get()), "a list of certificates");

    constexpr int the_default = 0;
    tls::Pkcs12Ptr const store(
        must(PKCS12_create(password.c_str(), name.c_str(), credential.key.get(),
                           credential.chain.front().get(), others.get(), the_default, the_default,
                           the_default, the_default, the_default),
             "making a PKCS#12 store"));
    tls::BioPtr const bio(must(BIO_new(BIO_s_mem()), "a memory buffer"));
    must(i2d_PKCS12_bio(bio.get(), store.get()), "writing a PKCS#12 store");
    return written_text(*bio);
}

}  // namespace sallyport::pki
