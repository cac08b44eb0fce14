#include "tls/known_certificates.hpp"

#include "tls/handles.hpp"

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <new>

namespace sallyport::tls {
namespace {

using Fingerprint = std::array<unsigned char, 32>;  // SHA-256 of the whole certificate

bool read(X509 const* certificate, Fingerprint& fingerprint) {
    return X509_digest(certificate, EVP_sha256(), fingerprint.data(), nullptr) == 1;
}

class KnownCertificates {
 public:
    /// Puts what is known in the place of its copies. True where that was all of them.
    bool replace(STACK_OF(X509) & sent) {
        std::lock_guard const lock(mutex_);
        bool are_known = true;
        for (int i = 0; i < sk_X509_num(&sent); ++i) {
            X509Ptr copy(sk_X509_value(&sent, i));
            Fingerprint fingerprint;
            bool const is_read = read(copy.get(), fingerprint);
            auto const same = is_read ? known_.find(fingerprint) : known_.end();
            if (same != known_.end())
                copy = share(same->second.get());
            else
                are_known = false;
            sk_X509_set(&sent, i, copy.release());
        }
        return are_known;
    }

    void remember(STACK_OF(X509) & sent) {
        std::lock_guard const lock(mutex_);
        for (int i = 0; i < sk_X509_num(&sent); ++i) {
            X509* const certificate = sk_X509_value(&sent, i);
            Fingerprint fingerprint;
            if (!read(certificate, fingerprint)) continue;
            // Sessions keep theirs; those that come will share anew.
            if (known_.size() == max_known_certificates) known_.clear();
            known_.try_emplace(fingerprint, share(certificate));
        }
    }

 private:
    std::mutex mutex_;  ///< held for a look-up or two per handshake
    std::map<Fingerprint, X509Ptr> known_;
};

bool is_to_be_verified(X509_STORE_CTX& store) {
    auto const* const ssl = static_cast<SSL const*>(
        X509_STORE_CTX_get_ex_data(&store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    return SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE;
}

/// SSL_CTX_set_cert_verify_callback(3): 1 where the peer is trusted, or 0.
int verify(X509_STORE_CTX* store, void* argument) {
    auto& known = *static_cast<KnownCertificates*>(argument);
    // The very stack that OpenSSL keeps, the leaf first.
    STACK_OF(X509)* const sent = X509_STORE_CTX_get0_untrusted(store);
    bool const are_known = known.replace(*sent);
    X509_STORE_CTX_set_cert(store, sk_X509_value(sent, 0));
    bool const is_trusted = X509_verify_cert(store) == 1;
    // Whoever is turned away must not push out what others have proved.
    if (!are_known && (is_trusted || !is_to_be_verified(*store))) known.remember(*sent);
    return is_trusted ? 1 : 0;
}

/// CRYPTO_EX_free(3).
void forget(void*, void* known, CRYPTO_EX_DATA*, int, long, void*) {
    std::unique_ptr<KnownCertificates> const owned(static_cast<KnownCertificates*>(known));
}

/// Where a context keeps them: connections may outlive everything else that made it.
int slot() {
    static int const index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, forget);
    return index;
}

}  // namespace

void share_certificates(SSL_CTX& context) {
    auto known = std::make_unique<KnownCertificates>();
    if (SSL_CTX_set_ex_data(&context, slot(), known.get()) != 1) throw std::bad_alloc();
    SSL_CTX_set_cert_verify_callback(&context, verify, known.release());
}

}  // namespace sallyport::tls
