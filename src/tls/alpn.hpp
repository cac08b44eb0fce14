// The protocol that is agreed on inside the TLS handshake (ALPN, RFC 7301): one name, or none.
#pragma once

#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace sallyport::tls {

/// A list of one protocol as ALPN has it: its length, a byte, and its name of at most 255 bytes.
std::string alpn_list(std::string_view protocol);

/// Makes a server of `list`, which has to outlive `context`: clients that offer other protocols
/// only are refused with the alert no_application_protocol.
void serve_alpn(ssl_ctx_st& context, std::string const& list);
/// Has a client that offers no protocol at all refused in the same way. Only for connections of a
/// context that serves one.
void require_alpn(ssl_st& ssl);
/// Offers `protocol` to the server, which may well take no notice.
void offer_alpn(ssl_st& ssl, std::string_view protocol);

}  // namespace sallyport::tls
