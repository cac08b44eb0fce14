#include "tls/alpn.hpp"

#include "base/bytes.hpp"
#include "tls/handles.hpp"

#include <openssl/err.h>

#include <new>

namespace sallyport::tls {
namespace {

unsigned char const* raw(std::string const& text) {
    return reinterpret_cast<unsigned char const*>(text.data());
}
unsigned size(std::string const& text) {
    return static_cast<unsigned>(text.size());
}

/// Where a connection keeps that it requires ALPN: not null.
int required_slot() {
    static int const slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

/// SSL_CTX_set_alpn_select_cb(3); called where the client offers any protocol.
int choose(SSL*, unsigned char const** chosen, unsigned char* chosen_size,
           unsigned char const* offered, unsigned offered_size, void* argument) {
    auto const& ours = *static_cast<std::string const*>(argument);
    unsigned char* common = nullptr;
    if (SSL_select_next_proto(&common, chosen_size, raw(ours), size(ours), offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = common;
    return SSL_TLSEXT_ERR_OK;
}

/// SSL_CTX_set_client_hello_cb(3). OpenSSL asks choose() nothing where the extension is missing.
int look_at_hello(SSL* ssl, int* alert, void*) {
    unsigned char const* offered = nullptr;
    std::size_t offered_size = 0;
    bool const is_offered =
        SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &offered,
                                  &offered_size) == 1;
    if (is_offered || SSL_get_ex_data(ssl, required_slot()) == nullptr)
        return SSL_CLIENT_HELLO_SUCCESS;
    // OpenSSL's own reason would be "callback failed", behind this one.
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_APPLICATION_PROTOCOL);
    *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
    return SSL_CLIENT_HELLO_ERROR;
}

}  // namespace

std::string alpn_list(std::string_view protocol) {
    return static_cast<char>(protocol.size()) + std::string(protocol);
}

void serve_alpn(SSL_CTX& context, std::string const& list) {
    SSL_CTX_set_alpn_select_cb(&context, choose, const_cast<std::string*>(&list));
    SSL_CTX_set_client_hello_cb(&context, look_at_hello, nullptr);
}

void require_alpn(SSL& ssl) {
    if (SSL_set_ex_data(&ssl, required_slot(), &ssl) != 1) throw std::bad_alloc();
}

void offer_alpn(SSL& ssl, std::string_view protocol) {
    auto const list = alpn_list(protocol);
    // Zero is success here, unlike everywhere else in libssl.
    if (SSL_set_alpn_protos(&ssl, raw(list), size(list)) != 0) throw std::bad_alloc();
}

}  // namespace sallyport::tls
