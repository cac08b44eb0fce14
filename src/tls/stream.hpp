// One leg's bytes: plain at first, TLS once it has been agreed on. Everything above reads and
// writes here and never hears of WANT_READ, records or descriptors.
//
// Two ways to use it. While a connection opens: coroutines that read exactly so many bytes, so that
// nothing is taken that belongs to TLS. While it relays: try_read and try_write, which never wait,
// driven by the socket's readiness.
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"
#include "net/loop.hpp"
#include "net/socket.hpp"
#include "net/task.hpp"
#include "tls/handles.hpp"
#include "tls/peer.hpp"

#include <memory>
#include <string>

namespace sallyport::tls {

class Stream {
 public:
    Stream(net::Loop& loop, int descriptor) : socket_(loop.adopt(descriptor)) {}

    net::Socket& socket() { return *socket_; }
    net::Socket const& socket() const { return *socket_; }
    bool is_tls() const { return ssl_ != nullptr; }

    /// Fills `into`. Errc::peer_closed, peer_vanished, network, tls_failed (a bad record, an
    /// alert).
    net::Task<Result<void>> read_exact(MutableBytes into);
    /// Sends all of `data`. Errc::peer_vanished, network.
    net::Task<Result<void>> write_all(Bytes data);
    /// Agrees on TLS in the role of `ssl`, which was made for this connection. Errc::tls_failed,
    /// with the cause in tls_error(), or tls_no_agreement,
    /// no_application_protocol, certificate_untrusted, certificate_required, peer_vanished.
    net::Task<Result<void>> handshake(SslPtr ssl);

    /// Reads what is there, at most `into`, without waiting. Errc::would_block when nothing is;
    /// peer_closed at close_notify (or FIN on a plain leg); peer_vanished at FIN without one.
    Result<std::size_t> try_read(MutableBytes into);
    /// Whether try_read may bring something: false right after it has brought all there was.
    bool may_have_more() const;
    /// Writes what the socket takes, without waiting. Errc::would_block when it takes nothing;
    /// OpenSSL wants to see the same bytes again then.
    Result<std::size_t> try_write(Bytes data);

    /// Ends the sending side: close_notify on a TLS leg where `goodbye`, then FIN. Without a
    /// goodbye a TLS peer can tell that the stream was cut, not finished.
    void finish(bool goodbye);

    /// What the handshake proved; empty on a plain leg, and but for `shown` where it failed.
    Peer const& peer() const { return peer_ ? *peer_ : nobody(); }
    /// Gives back the memory of peer(), which is empty from then on.
    void forget_peer() { peer_.reset(); }
    /// Why the last TLS operation failed: alert names and reasons, for the log.
    std::string const& tls_error() const { return tls_error_; }
    /// Whether the peer has sent an alert that refuses the certificate chain which it was shown.
    bool is_chain_refused() const { return is_chain_refused_; }

 private:
    static Peer const& nobody();
    Errc failure(int returned);

    std::unique_ptr<net::Socket> socket_;  ///< before ssl_, which writes to it until it is gone
    SslPtr ssl_;
    std::unique_ptr<Peer const> peer_;
    std::string tls_error_;
    bool is_chain_refused_ = false;
};

}  // namespace sallyport::tls
