// What a TLS handshake proved about the other side, and what was agreed on.
#pragma once

#include "tls/handles.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::tls {

struct Peer {
    // OpenSSL's own texts, which live as long as the program.
    std::string_view version;  ///< as OpenSSL and SHOW STATUS name it: "TLSv1.3"; empty: no TLS
    std::string_view cipher;   ///< as OpenSSL and SHOW STATUS name it: "TLS_AES_256_GCM_SHA384"
    std::string sni;           ///< the server name that the client asked for; empty: none
    std::string alpn;          ///< the protocol agreed on by ALPN; empty: none
    bool resumed = false;
    /// The certificate that we showed, as a server; in a resumed session that of the first one, to
    /// which a client binds its login. Null: none, or no longer ours, and always as a client.
    X509Ptr shown;
    X509Ptr certificate;  ///< the peer's leaf, verified where verification was on; null: none
    /// The verified chain, leaf first, root last. Empty without a certificate, and in a resumed
    /// session, which knows only its leaf.
    std::vector<X509Ptr> chain;
};

/// Reads what the handshake of `ssl` agreed on.
Peer describe_peer(SSL& ssl);

}  // namespace sallyport::tls
