#include "tls/shown.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <span>

namespace sallyport::tls {
namespace {

using Fingerprint = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

/// All zeros where there is no certificate.
Fingerprint fingerprint_of(X509 const* certificate) {
    Fingerprint fingerprint{};
    if (certificate != nullptr) X509_digest(certificate, EVP_sha256(), fingerprint.data(), nullptr);
    return fingerprint;
}

/// Whether `certificate` is the one that `session` began with.
bool is_of(X509 const* certificate, SSL_SESSION& session) {
    void* data = nullptr;
    std::size_t size = 0;
    if (SSL_SESSION_get0_ticket_appdata(&session, &data, &size) != 1) return false;
    return std::ranges::equal(fingerprint_of(certificate),
                              std::span(static_cast<unsigned char const*>(data), size));
}

}  // namespace

int remember_shown(SSL* ssl, void*) {
    // A new ticket for a resumed session, of which each connection of TLS 1.3 is given one: it has
    // its fingerprint already, of a certificate that may be gone by now.
    if (SSL_session_reused(ssl) == 1) return 1;
    auto const fingerprint = fingerprint_of(SSL_get_certificate(ssl));
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), fingerprint.data(),
                                           fingerprint.size());
}

bool show_again(SSL& ssl, SSL_SESSION& session) {
    // One certificate for each type of key. A resumed session chooses none of them, and
    // SSL_get_certificate(3) would name any.
    for (long which = SSL_CERT_SET_FIRST; SSL_set_current_cert(&ssl, which) == 1;
         which = SSL_CERT_SET_NEXT)
        if (is_of(SSL_get_certificate(&ssl), session)) return true;
    return false;
}

X509Ptr shown_certificate(SSL& ssl) {
    X509* const certificate = SSL_get_certificate(&ssl);
    if (SSL_session_reused(&ssl) == 1 && !is_of(certificate, *SSL_get_session(&ssl))) return {};
    return share(certificate);
}

}  // namespace sallyport::tls
