// Which certificate a server showed, through resumption: a ticket remembers it.
//
// A client that binds its login to TLS (tls-server-end-point) binds a resumed session to the
// certificate of the first one, whatever certificates the server has by now. So a server has to
// know whether it still has that certificate, and which one it was.
#pragma once

#include "tls/handles.hpp"

namespace sallyport::tls {

/// Puts the fingerprint of the certificate that `ssl` showed into the session that a ticket is
/// about to be made of. SSL_CTX_set_session_ticket_cb(3)'s first callback: 0 where that failed.
int remember_shown(SSL* ssl, void* unused);
/// Makes the certificate of a ticket's session the one that `ssl` shows. False where `ssl` has no
/// such certificate any more.
bool show_again(SSL& ssl, SSL_SESSION& session);
/// The certificate that the client of `ssl` was shown, by this handshake or the one that it
/// resumes. Null where there is none, or it is no longer ours.
X509Ptr shown_certificate(SSL& ssl);

}  // namespace sallyport::tls
