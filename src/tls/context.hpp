// Immutable TLS settings of a leg: an SSL_CTX built once from checked material, shared by every
// connection that uses it, replaced (never edited) by a reload.
#pragma once

#include "base/errc.hpp"
#include "tls/handles.hpp"
#include "tls/policy.hpp"
#include "tls/tickets.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::tls {

/// A certificate chain (leaf first) with its key, borrowed for the call.
struct Identity {
    std::vector<X509*> chain;
    EVP_PKEY* key = nullptr;
};

enum class AskClient { no, optional, required };

/// How a front leg judges and presents itself.
struct FrontSettings {
    Policy policy;
    std::vector<Identity> identities;  ///< one per key type
    AskClient ask_client = AskClient::no;
    std::vector<X509*> client_cas;  ///< what client certificates are verified against
    std::vector<X509_CRL*> crls;    ///< not empty: every certificate of a chain is looked up
    /// Names the trust that tickets are bound to: those of another trust are not accepted.
    std::string trust_id;
    /// The one ALPN protocol that is spoken here ("postgresql"): clients that offer others only are
    /// refused with no_application_protocol. Where it is set, clients may bind their logins to the
    /// certificate: a ticket is good only as long as the certificate that it began with is shown.
    /// Empty: ALPN is not looked at.
    std::string alpn;
    /// Says whether a ticket may resume the session of a client with this certificate; called on
    /// any worker. Where it says no, the client goes through a full handshake.
    std::function<bool(X509&)> may_resume;
    /// A ticket is good only where the certificate that it began with is shown, whatever `alpn`
    /// says: a door with two chains must not mix them.
    bool binds_tickets = false;
};

class FrontContext {
 public:
    /// Errc::file_invalid or key_mismatch, with OpenSSL's words in tls::take_errors().
    static Result<std::shared_ptr<FrontContext>> make(FrontSettings const& settings,
                                                      TicketKeys& tickets);
    /// The server side of one connection. `requires_alpn`: a client that offers no ALPN at all is
    /// refused, too (RFC 7301's alert, no_application_protocol).
    SslPtr make_ssl(bool requires_alpn = false) const;
    SSL_CTX& native() const { return *context_; }

 private:
    FrontContext() = default;

    std::string alpn_list_;  ///< as serve_alpn() takes it; before context_, which points to it
    SslCtxPtr context_;
    std::function<bool(X509&)> may_resume_;
    bool binds_tickets_ = false;

    friend struct FrontCallbacks;
};

enum class VerifyPeer { no, chain, chain_and_name };

struct BackSettings {
    Policy policy;
    VerifyPeer verify = VerifyPeer::chain_and_name;
    std::vector<X509*> cas;  ///< empty: the system's roots
};

/// What one connection of a back leg is to look like: the mirror of its front leg.
struct BackWish {
    std::string server_name;  ///< for SNI (names only) and verification; a name or an IP address
    std::string alpn;         ///< the one protocol to offer by ALPN; empty: none
    std::string version;      ///< as Peer::version; empty: as the policy allows
    std::string cipher;       ///< as Peer::cipher; empty: as the policy allows
    Identity const* identity = nullptr;  ///< shown when the server asks; null: none
    /// Where the connection leads, as precisely as is known: it may resume a session of another one
    /// to the same place, alike in all of the above (back_sessions.hpp). Empty: it resumes none,
    /// and its own is not kept.
    std::string resume_at;
};

class BackContext {
 public:
    static Result<std::shared_ptr<BackContext>> make(BackSettings const& settings);
    /// The client side of one connection. Errc::tls_not_mirrored for a version or cipher that this
    /// OpenSSL cannot offer.
    Result<SslPtr> make_ssl(BackWish const& wish, std::chrono::system_clock::time_point now =
                                                      std::chrono::system_clock::now()) const;

 private:
    SslCtxPtr context_;
    VerifyPeer verify_ = VerifyPeer::chain_and_name;
};

}  // namespace sallyport::tls
