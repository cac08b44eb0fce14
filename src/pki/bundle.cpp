#include "pki/bundle.hpp"

#include "pki/openssl_calls.hpp"
#include "pki/pem.hpp"

#include <set>

namespace sallyport::pki {

std::string to_pkcs7(std::vector<Certificate> const& certificates) {
    tls::Pkcs7Ptr const bundle(must(PKCS7_new(), "a bundle"));
    auto* const raw = bundle.get();
    must(PKCS7_set_type(raw, NID_pkcs7_signed), "a bundle's type");
    must(PKCS7_content_new(raw, NID_pkcs7_data), "a bundle's content");
    for (auto const& certificate : certificates)
        must(PKCS7_add_certificate(raw, certificate.get()), "a bundle's certificate");
    // No content at all, not an empty one. What this gives back is the new state.
    PKCS7_set_detached(raw, 1);
    tls::BioPtr const out(must(BIO_new(BIO_s_mem()), "a memory buffer"));
    must(i2d_PKCS7_bio(out.get(), raw), "writing a bundle");
    return written_text(*out);
}

std::vector<Certificate> for_bundle(std::vector<Certificate> const& certificates, Time now) {
    std::vector<Certificate> wanted;
    std::set<std::string> seen;
    for (auto const& certificate : certificates)
        if (certificate.not_after() > now && seen.insert(certificate.fingerprint()).second)
            wanted.push_back(certificate);
    return wanted;
}

}  // namespace sallyport::pki
