#include "tls/stream.hpp"

#include "tls/back_sessions.hpp"
#include "tls/shown.hpp"
#include "tls/socket_bio.hpp"

#include <openssl/err.h>

namespace sallyport::tls {
namespace {

/// OpenSSL's error queue is per thread: what another session left there would be taken for ours.
/// Clearing costs as much as a small record's framing, so it is done only where there is something.
void start_clean() {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

/// The verification error that says why, or OpenSSL's reasons.
std::string explain(SSL& ssl) {
    auto text = take_errors();
    auto const verdict = SSL_get_verify_result(&ssl);
    if (SSL_get_verify_mode(&ssl) != SSL_VERIFY_NONE && verdict != X509_V_OK)
        text += std::string(": ") + X509_verify_cert_error_string(verdict);
    return text;
}

/// The two sides have no version or no cipher in common, as we found or as an alert says.
bool is_no_agreement(int reason) {
    switch (reason) {
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        case SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_WRONG_SSL_VERSION:
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_CIPHERS_AVAILABLE:
            return true;
        default:
            return false;
    }
}

/// ALPN found no protocol in common, as we found or as an alert says.
bool is_no_protocol(int reason) {
    return reason == SSL_R_NO_APPLICATION_PROTOCOL ||
           reason == SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL;
}

/// An alert that a peer sends who does not accept our certificate, or one above it (RFC 8446
/// section 6.2). Some say bad_certificate or decrypt_error where a chain does not verify.
bool is_refusal_of_chain(int reason) {
    switch (reason) {
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
            return true;
        default:
            return false;
    }
}

/// Destroys both sides' keys of the key exchange. OpenSSL would keep them as long as the connection
/// lives, 4 KiB on P-256; forward secrecy has no use for them once they have served.
void forget_key_exchange(SSL& ssl) {
    for (int const which : {SSL_CTRL_GET_TMP_KEY, SSL_CTRL_GET_PEER_TMP_KEY}) {
        EVP_PKEY* key = nullptr;
        if (SSL_ctrl(&ssl, which, 0, &key) != 1) continue;
        EvpPkeyPtr const shared(key);
        // Destroys what the key holds, of whatever type it was. OpenSSL's methods for the new type
        // look first whether there is anything.
        EVP_PKEY_set_type(key, EVP_PKEY_X25519);
    }
}

}  // namespace

net::Task<Result<void>> Stream::read_exact(MutableBytes into) {
    while (!into.empty()) {
        auto const got = try_read(into);
        if (got) {
            into = into.subspan(*got);
        } else if (got.error() == Errc::would_block) {
            co_await socket_->ready();
        } else {
            co_return got.error();
        }
    }
    co_return Result<void>();
}

net::Task<Result<void>> Stream::write_all(Bytes data) {
    while (!data.empty()) {
        auto const sent = try_write(data);
        if (sent) {
            data = data.subspan(*sent);
        } else if (sent.error() == Errc::would_block) {
            co_await socket_->ready();
        } else {
            co_return sent.error();
        }
    }
    co_return Result<void>();
}

net::Task<Result<void>> Stream::handshake(SslPtr ssl) {
    ssl_ = std::move(ssl);
    BIO* const bio = make_socket_bio(*socket_).release();
    SSL_set_bio(ssl_.get(), bio, bio);
    for (;;) {
        start_clean();
        int const returned = SSL_do_handshake(ssl_.get());
        if (returned == 1) break;
        auto const error = failure(returned);
        if (error != Errc::would_block) {
            if (is_chain_refused_ && SSL_is_server(ssl_.get()) == 1) {
                auto peer = std::make_unique<Peer>();
                peer->shown = shown_certificate(*ssl_);
                peer_ = std::move(peer);
            }
            BackSessions::on_failure(*ssl_, std::chrono::system_clock::now());
            co_return error;
        }
        co_await socket_->ready();
    }
    peer_ = std::make_unique<Peer const>(describe_peer(*ssl_));
    BackSessions::put_back(*ssl_);
    forget_key_exchange(*ssl_);
    co_return Result<void>();
}

Result<std::size_t> Stream::try_read(MutableBytes into) {
    if (!ssl_) return socket_->receive(into);
    start_clean();
    std::size_t got = 0;
    int const returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
    if (returned == 1) return got;
    return failure(returned);
}

bool Stream::may_have_more() const {
    // What OpenSSL has read ahead raises no edge any more: it must never wait for one.
    return socket_->may_be_readable() || (ssl_ && SSL_has_pending(ssl_.get()) == 1);
}

Result<std::size_t> Stream::try_write(Bytes data) {
    if (!ssl_) return socket_->send(data);
    start_clean();
    std::size_t sent = 0;
    int const returned = SSL_write_ex(ssl_.get(), data.data(), data.size(), &sent);
    if (returned == 1) return sent;
    return failure(returned);
}

void Stream::finish(bool goodbye) {
    if (goodbye && ssl_ && SSL_is_init_finished(ssl_.get()) == 1) {
        start_clean();
        socket_->expect_goodbye();
        // Fire and forget: if the socket is full, the peer has more urgent things to read.
        SSL_shutdown(ssl_.get());
    }
    socket_->finish_sending();
}

Peer const& Stream::nobody() {
    static Peer const nobody;
    return nobody;
}

Errc Stream::failure(int returned) {
    switch (SSL_get_error(ssl_.get(), returned)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return Errc::would_block;
        case SSL_ERROR_ZERO_RETURN:
            return Errc::peer_closed;
        case SSL_ERROR_SYSCALL:
            return Errc::peer_vanished;  // a reset; or FIN, in TLS 1.2 and below
        default:
            break;
    }
    int const reason = ERR_GET_REASON(ERR_peek_error());
    // OpenSSL 3 reports a FIN without close_notify as an error of its own: a routine, unclean end.
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return Errc::peer_vanished;
    tls_error_ = explain(*ssl_);
    is_chain_refused_ = is_refusal_of_chain(reason);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) return Errc::certificate_untrusted;
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return Errc::certificate_required;
    if (is_no_agreement(reason)) return Errc::tls_no_agreement;
    if (is_no_protocol(reason)) return Errc::no_application_protocol;
    return Errc::tls_failed;
}

}  // namespace sallyport::tls
