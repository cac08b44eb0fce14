#include "tls/peer.hpp"

#include "tls/shown.hpp"

namespace sallyport::tls {

Peer describe_peer(SSL& ssl) {
    Peer peer;
    peer.version = SSL_get_version(&ssl);
    peer.cipher = SSL_get_cipher_name(&ssl);
    peer.resumed = SSL_session_reused(&ssl) == 1;
    if (char const* const sni = SSL_get_servername(&ssl, TLSEXT_NAMETYPE_host_name)) peer.sni = sni;
    unsigned char const* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(&ssl, &protocol, &size);
    peer.alpn.assign(reinterpret_cast<char const*>(protocol), size);
    // A client has a certificate set even where the server asks for none.
    if (SSL_is_server(&ssl) == 1) peer.shown = shown_certificate(ssl);
    peer.certificate = X509Ptr(SSL_get1_peer_certificate(&ssl));
    STACK_OF(X509)* const chain = SSL_get0_verified_chain(&ssl);
    for (int i = 0; !peer.resumed && i < sk_X509_num(chain); ++i)
        peer.chain.push_back(share(sk_X509_value(chain, i)));
    return peer;
}

}  // namespace sallyport::tls
