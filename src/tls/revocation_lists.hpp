// A revocation list's signature is checked once, not in every handshake that looks into it.
//
// OpenSSL digests the whole list each time: 8 ms of CPU for 100,000 entries. What it found about a
// list and a key cannot change, as neither does.
#pragma once

#include <vector>

struct ssl_ctx_st;
struct x509_st;
struct X509_crl_st;

namespace sallyport::tls {

/// Makes connections of `context`, which trusts `cas`, look up every certificate of a peer's chain,
/// the root's among them, in `lists`. Each CA of a chain must have a current list there. Errors
/// stay OpenSSL's own, X509_V_ERR_CERT_REVOKED, X509_V_ERR_UNABLE_TO_GET_CRL and so on.
///
/// The signatures of roots' lists are checked here, those of other CAs' when a chain first needs
/// them; what is wrong with one is said in each handshake that needs it.
void check_revocations(ssl_ctx_st& context, std::vector<x509_st*> const& cas,
                       std::vector<X509_crl_st*> const& lists);

}  // namespace sallyport::tls
