// Private keys: made, read, written. The declarations are in certificate.hpp.
#include "pki/certificate.hpp"
#include "pki/openssl_calls.hpp"
#include "pki/pem.hpp"

#include <openssl/pem.h>

#include <cstring>

namespace sallyport::pki {
namespace {

/// OpenSSL's way to ask for a password. Without this callback it would ask on the terminal, and a
/// server would hang at start-up.
int give_password(char* buffer, int size, int /*for_writing*/, void* data) {
    constexpr int refused = -1;
    auto const& password = *static_cast<std::string_view const*>(data);
    if (password.empty() || password.size() > static_cast<std::size_t>(size)) return refused;
    std::memcpy(buffer, password.data(), password.size());
    return static_cast<int>(password.size());
}

}  // namespace

Key& Key::operator=(Key other) noexcept {
    key_ = std::move(other.key_);
    return *this;
}

Key Key::generate(KeyType type) {
    auto* const key = type.rsa_bits != 0
                          ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{type.rsa_bits})
                          : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    return Key(tls::EvpPkeyPtr(must(key, "generating a key")));
}

Result<Key> Key::from_pem(std::string_view pem, std::string_view password) {
    ErrorQueueCleared const cleared;
    auto const bio = open_text(pem);
    if (bio == nullptr) return Errc::file_invalid;
    tls::EvpPkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, &password));
    if (key == nullptr) return Errc::file_invalid;
    return Key(std::move(key));
}

std::string Key::to_pem(std::string_view password) const {
    tls::BioPtr const bio(must(BIO_new(BIO_s_mem()), "a memory buffer"));
    auto const* const cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
    must(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), cipher, password.data(),
                                       static_cast<int>(password.size()), nullptr, nullptr),
         "writing a private key");
    return written_text(*bio);
}

std::string Key::to_pkcs8(std::string_view password) const {
    tls::BioPtr const bio(must(BIO_new(BIO_s_mem()), "a memory buffer"));
    auto const* const cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
    must(i2d_PKCS8PrivateKey_bio(bio.get(), key_.get(), cipher, password.data(),
                                 static_cast<int>(password.size()), nullptr, nullptr),
         "writing a private key");
    return written_text(*bio);
}

}  // namespace sallyport::pki
