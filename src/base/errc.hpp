// Every way the gateway can fail, one documented code each, and the vocabulary that places a
// failure: on which leg, at which stage.
//
// What a peer, an operator or the network can cause is a Result<T>; exceptions are for start-up and
// bugs. What the client is told about a code is decided in gateway/*/refusal, nowhere else.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string_view>

namespace sallyport {

using error_code = boost::system::error_code;

template <class T>
using Result = boost::system::result<T>;

/// The two connections of a session. Never client/server: both legs have one of each.
enum class Leg { front, back };

/// How far a session had come.
enum class Stage {
    accept,     ///< taken from the listener; nothing read yet
    opening,    ///< protocol's own opening, before or without TLS
    handshake,  ///< TLS is being agreed on
    login,      ///< the client's login packet is awaited or judged
    route,      ///< a backend is being chosen
    dial,       ///< TCP (or Unix socket) to the backend
    auth,       ///< the database's authentication is relayed
    relay,      ///< logged in; bytes are passed on
    drain,      ///< told to leave because the gateway stops
};

enum class Errc {
    // How a session ends without anybody's fault.
    peer_closed = 1,  ///< the peer finished cleanly (close_notify, or FIN on a plain leg)
    client_quit,      ///< the client said COM_QUIT before it left
    draining,         ///< the gateway is stopping and the session had to go
    cancel_request,   ///< the connection only carried a CancelRequest, which was looked at

    // The network.
    would_block,    ///< nothing to read, or no room to write, right now; never ends a session
    peer_vanished,  ///< FIN without close_notify on a TLS leg, or a reset
    timed_out,      ///< a clock of ours ran out
    network,        ///< any other socket error; the log has the system's text
    backend_down,   ///< no address of the backend took the connection

    // What the peer sent.
    malformed,             ///< the bytes do not follow the protocol
    too_large,             ///< a message before login is over its limit
    old_protocol,          ///< MySQL before 4.1, or PostgreSQL's protocol other than 3
    capabilities_changed,  ///< the login announces other capabilities than its SSLRequest did
    unexpected_packet,     ///< well-formed, but not at this point of the dialogue

    // TLS.
    tls_failed,               ///< the handshake failed; the log has OpenSSL's reason
    tls_no_agreement,         ///< the two sides have no TLS version or cipher in common
    tls_required,             ///< plain text where require-secure-transport is on
    certificate_required,     ///< the client showed no certificate where one is required
    certificate_untrusted,    ///< the peer's certificate does not verify
    certificate_revoked,      ///< the client's was revoked during the session, which had to go
    tls_unsupported,          ///< the backend offers no TLS and ssl-mode wants it
    tls_not_mirrored,         ///< mirror = "strict" and the backend refused version or cipher
    no_application_protocol,  ///< direct TLS without ALPN "postgresql" (on either leg)

    // Policy.
    too_many_sessions,     ///< max-connections is reached
    account_refused,       ///< an account rule of ours is not met (mirror = "off")
    backend_refused,       ///< the backend answered the connect, or the login, with an error
    backend_incompatible,  ///< this backend lacks a capability that the greeting announced
    binding_not_relayed,  ///< the client binds SCRAM to our certificate, which is not the backend's
    binding_wrong,        ///< the client's channel binding is not to our certificate
    verifier_unavailable,  ///< the SCRAM verifiers could not be asked for
    backend_unknown,       ///< no address of the backend was ever reached: nothing to greet with

    // Operators' files.
    file_unreadable,      ///< cannot be opened or read
    file_invalid,         ///< does not parse, or does not fit its neighbours
    certificate_expired,  ///< not valid now
    key_mismatch,         ///< the private key is not the certificate's
    chain_incomplete,     ///< an intermediate is missing between the leaf and a known root
    address_in_use,       ///< a listener's address is taken
};

/// One sentence fragment for logs, lower case, without a full stop.
std::string_view describe(Errc code);
/// The enumerator's own name: what logs and counters call it.
std::string_view name(Errc code);
std::string_view name(Leg leg);
std::string_view name(Stage stage);

boost::system::error_category const& errc_category();

inline error_code make_error_code(Errc code) {
    return {static_cast<int>(code), errc_category()};
}

/// Where and why a session ended: the first cause; later ones are consequences.
struct Ending {
    Leg leg = Leg::front;
    Stage stage = Stage::accept;
    Errc reason = Errc::peer_closed;
};

}  // namespace sallyport

template <>
struct boost::system::is_error_code_enum<sallyport::Errc> : std::true_type {};
