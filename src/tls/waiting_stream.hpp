// The server's end of one connection, for a thread that may wait: HTTPS beside the doors, with few
// connections. (Sessions never wait; theirs is stream.hpp.)
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"
#include "tls/handles.hpp"

#include <chrono>

namespace sallyport::tls {

class WaitingStream {
 public:
    using Clock = std::chrono::steady_clock;

    /// Takes over a connected, non-blocking socket, and closes it at the end.
    explicit WaitingStream(int descriptor) : descriptor_(descriptor) {}
    WaitingStream(WaitingStream const&) = delete;
    WaitingStream& operator=(WaitingStream const&) = delete;
    ~WaitingStream();

    /// Everything below gives up with Errc::timed_out at this moment.
    void set_deadline(Clock::time_point deadline) { deadline_ = deadline; }

    /// Whether what the peer sends first is TLS; takes nothing. Errc::peer_vanished.
    Result<bool> begins_with_tls();
    /// Errc::tls_failed, peer_vanished.
    Result<void> handshake(SslPtr ssl);
    /// At least one byte, at most `into`. Errc::peer_closed at the peer's goodbye; peer_vanished.
    Result<std::size_t> read(MutableBytes into);
    /// All of it; in plain text before the handshake. Errc::peer_vanished.
    Result<void> write(Bytes data);
    /// Waits until `deadline`, which may be earlier than the other one, for something to read.
    bool waits_for_input(Clock::time_point deadline);
    /// Says goodbye, and reads what is still on its way: closing before would reset the connection
    /// and could destroy the last answer.
    void finish();

    int descriptor() const { return descriptor_; }

 private:
    bool wait(short events, Clock::time_point deadline) const;
    /// After a call of libssl that did not succeed: waits, where it is to be called again.
    Result<void> retry(int returned);

    int const descriptor_;
    SslPtr ssl_;
    Clock::time_point deadline_ = Clock::time_point::max();
};

}  // namespace sallyport::tls
