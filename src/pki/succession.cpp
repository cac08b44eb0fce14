#include "pki/succession.hpp"

#include "pki/builder.hpp"
#include "pki/openssl_calls.hpp"

#include <algorithm>

namespace sallyport::pki {
namespace {

X509_NAME* subject_of(Certificate const& certificate) {
    return X509_get_subject_name(certificate.get());
}

/// Below zero where the certificate sets no limit.
long path_length_of(Certificate const& certificate) {
    ErrorQueueCleared const cleared;
    return X509_get_pathlen(certificate.get());
}

Key public_key_of(Certificate const& certificate) {
    return Key(tls::EvpPkeyPtr(must(X509_get_pubkey(certificate.get()), "a public key")));
}

}  // namespace

Authority next_root(Certificate const& original, Key const& key, seconds lifetime) {
    auto const now = current_time();
    Builder builder(subject_of(original), key);
    builder.valid(now, now + lifetime);
    builder.ca(path_length_of(original));
    return Authority::from(std::move(builder).sign_self(key), key).value();
}

Certificate cross_sign(Authority const& issuer, Certificate const& other, Time now) {
    Builder builder(subject_of(other), public_key_of(other), X509_get0_subject_key_id(other.get()));
    builder.valid(now, std::min(issuer.certificate().not_after(), other.not_after()));
    builder.ca(path_length_of(other));
    return std::move(builder).sign(issuer.certificate(), issuer.key());
}

Certificate issue_again(Authority const& issuer, Certificate const& original, Key const& key,
                        Time now) {
    auto const life = original.not_after() - original.not_before();
    Builder builder(subject_of(original), key);
    builder.valid(now, std::min(now + life, issuer.certificate().not_after()));
    builder.leaf_like(original);
    builder.names_of(original);
    return std::move(builder).sign(issuer.certificate(), issuer.key());
}

Key generate_like(Certificate const& original) {
    EVP_PKEY const* const key = must(X509_get0_pubkey(original.get()), "a public key");
    bool const is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    return Key::generate(is_rsa ? KeyType{static_cast<unsigned>(EVP_PKEY_get_bits(key))}
                                : KeyType::ecdsa_p256);
}

bool have_same_key(Certificate const& one, Certificate const& other) {
    return one.spki_fingerprint() == other.spki_fingerprint();
}

}  // namespace sallyport::pki
