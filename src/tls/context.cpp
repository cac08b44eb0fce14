#include "tls/context.hpp"

#include "tls/alpn.hpp"
#include "tls/back_sessions.hpp"
#include "tls/known_certificates.hpp"
#include "tls/revocation_lists.hpp"
#include "tls/shown.hpp"

#include <openssl/sha.h>

#include <arpa/inet.h>
#include <array>
#include <stdexcept>

namespace sallyport::tls {

/// What OpenSSL calls back into; a friend so that contexts need not show their insides.
struct FrontCallbacks {
    static int slot() {
        static int const index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return index;
    }

    /// SSL_CTX_set_session_ticket_cb(3). A ticket vouches for a client certificate that was
    /// verified when it was sealed; whether it still counts is asked anew.
    static SSL_TICKET_RETURN open_ticket(SSL* ssl, SSL_SESSION* session, unsigned char const*,
                                         std::size_t, SSL_TICKET_STATUS status, void*) {
        if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
            return SSL_TICKET_RETURN_IGNORE_RENEW;
        auto const& context =
            *static_cast<FrontContext const*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), slot()));
        X509* const certificate = SSL_SESSION_get0_peer(session);
        if (certificate != nullptr && context.may_resume_ && !context.may_resume_(*certificate))
            return SSL_TICKET_RETURN_IGNORE_RENEW;
        // PostgreSQL's clients, which ALPN is for, bind their logins to what they were shown first.
        bool const is_bound_to_another = !show_again(*ssl, *session) && context.binds_tickets_;
        if (is_bound_to_another) return SSL_TICKET_RETURN_IGNORE_RENEW;
        return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
    }
};

namespace {

SslCtxPtr new_context(SSL_METHOD const* method) {
    SslCtxPtr context(SSL_CTX_new(method));
    if (!context) throw std::runtime_error("SSL_CTX_new: " + take_errors());
    return context;
}

BorrowedX509sPtr borrow_rest(std::vector<X509*> const& chain) {
    BorrowedX509sPtr rest(sk_X509_new_null());
    for (std::size_t i = 1; i < chain.size(); ++i) sk_X509_push(rest.get(), chain[i]);
    return rest;
}

Result<void> use_identity(SSL_CTX& context, Identity const& identity) {
    auto const rest = borrow_rest(identity.chain);
    bool const used = SSL_CTX_use_cert_and_key(&context, identity.chain.front(), identity.key,
                                               rest.get(), 1) == 1;
    if (!used) return Errc::key_mismatch;
    return {};
}

void ask_for_certificates(SSL_CTX& context, FrontSettings const& settings) {
    if (settings.ask_client == AskClient::no) {
        SSL_CTX_set_verify(&context, SSL_VERIFY_NONE, nullptr);
        return;
    }
    int const required =
        settings.ask_client == AskClient::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | required, nullptr);
    X509_STORE* const store = SSL_CTX_get_cert_store(&context);
    for (X509* const ca : settings.client_cas) {
        X509_STORE_add_cert(store, ca);
        // Named in our CertificateRequest, so that clients with several certificates can choose.
        SSL_CTX_add_client_CA(&context, ca);
    }
    if (!settings.crls.empty()) check_revocations(context, settings.client_cas, settings.crls);
}

void set_sessions(SSL_CTX& context, FrontSettings const& settings, TicketKeys& tickets) {
    // Tickets only: no state on our side, and any worker can resume.
    SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(&context, 1);
    tickets.attach(context);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> id{};
    SHA256(reinterpret_cast<unsigned char const*>(settings.trust_id.data()),
           settings.trust_id.size(), id.data());
    SSL_CTX_set_session_id_context(&context, id.data(), id.size());
    SSL_CTX_set_session_ticket_cb(&context, remember_shown, FrontCallbacks::open_ticket, nullptr);
}

bool is_ip_address(std::string const& name) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
           inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

/// Sends SNI, which carries names only (RFC 6066 section 3). What OpenSSL's own macro does, without
/// its cast.
void ask_for_name(SSL& ssl, std::string name) {
    SSL_ctrl(&ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
}

void expect_name(SSL& ssl, std::string const& name) {
    X509_VERIFY_PARAM* const parameters = SSL_get0_param(&ssl);
    if (is_ip_address(name)) {
        X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str());
        return;
    }
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size());
}

/// Narrows `ssl` to one version and one cipher: those of the front leg.
bool narrow(SSL& ssl, BackWish const& wish) {
    static constexpr std::array versions{TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION,
                                         TLS1_3_VERSION};
    for (std::size_t i = 0; i < versions.size(); ++i) {
        if (wish.version != name(static_cast<Version>(i))) continue;
        SSL_set_min_proto_version(&ssl, versions[i]);
        SSL_set_max_proto_version(&ssl, versions[i]);
        if (versions[i] < TLS1_2_VERSION) SSL_set_security_level(&ssl, 0);
    }
    if (wish.cipher.empty()) return true;
    if (wish.version == name(Version::tls_1_3))
        return SSL_set_ciphersuites(&ssl, wish.cipher.c_str()) == 1;
    return SSL_set_cipher_list(&ssl, wish.cipher.c_str()) == 1;
}

}  // namespace

Result<std::shared_ptr<FrontContext>> FrontContext::make(FrontSettings const& settings,
                                                         TicketKeys& tickets) {
    std::shared_ptr<FrontContext> made(new FrontContext);
    made->context_ = new_context(TLS_server_method());
    made->may_resume_ = settings.may_resume;
    made->binds_tickets_ = settings.binds_tickets || !settings.alpn.empty();
    SSL_CTX& context = *made->context_;
    SSL_CTX_set_ex_data(&context, FrontCallbacks::slot(), made.get());
    if (auto const applied = apply(settings.policy, context); !applied) return applied.error();
    for (Identity const& identity : settings.identities)
        if (auto const used = use_identity(context, identity); !used) return used.error();
    ask_for_certificates(context, settings);
    share_certificates(context);
    set_sessions(context, settings, tickets);
    if (!settings.alpn.empty()) {
        made->alpn_list_ = alpn_list(settings.alpn);
        serve_alpn(context, made->alpn_list_);
    }
    return made;
}

SslPtr FrontContext::make_ssl(bool requires_alpn) const {
    SslPtr ssl(SSL_new(context_.get()));
    if (!ssl) throw std::bad_alloc();
    SSL_set_accept_state(ssl.get());
    if (requires_alpn) require_alpn(*ssl);
    return ssl;
}

Result<std::shared_ptr<BackContext>> BackContext::make(BackSettings const& settings) {
    auto made = std::make_shared<BackContext>();
    made->context_ = new_context(TLS_client_method());
    made->verify_ = settings.verify;
    SSL_CTX& context = *made->context_;
    if (auto const applied = apply(settings.policy, context); !applied) return applied.error();
    BackSessions::attach(context);
    share_certificates(context);
    if (settings.verify == VerifyPeer::no) {
        SSL_CTX_set_verify(&context, SSL_VERIFY_NONE, nullptr);
        return made;
    }
    SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
    if (settings.cas.empty()) SSL_CTX_set_default_verify_paths(&context);
    for (X509* const ca : settings.cas) X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), ca);
    return made;
}

Result<SslPtr> BackContext::make_ssl(BackWish const& wish,
                                     std::chrono::system_clock::time_point now) const {
    SslPtr ssl(SSL_new(context_.get()));
    if (!ssl) throw std::bad_alloc();
    SSL_set_connect_state(ssl.get());
    if (!narrow(*ssl, wish)) {
        take_errors();
        return Errc::tls_not_mirrored;
    }
    if (!wish.server_name.empty()) {
        if (!is_ip_address(wish.server_name)) ask_for_name(*ssl, wish.server_name);
        if (verify_ == VerifyPeer::chain_and_name) expect_name(*ssl, wish.server_name);
    }
    if (!wish.alpn.empty()) offer_alpn(*ssl, wish.alpn);
    if (wish.identity) {
        auto const rest = borrow_rest(wish.identity->chain);
        SSL_use_cert_and_key(ssl.get(), wish.identity->chain.front(), wish.identity->key,
                             rest.get(), 1);
    }
    if (!wish.resume_at.empty()) BackSessions::prepare(*ssl, wish, now);
    return ssl;
}

}  // namespace sallyport::tls
