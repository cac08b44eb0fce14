// One connected socket: bytes in, bytes out, never blocking, and a way to wait for more.
//
// This is the seam beneath Stream: another transport (io_uring) offers the same few calls, and
// nothing above knows which one runs.
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"
#include "tls/poller.hpp"
#include "tls/task.hpp"
#include "tls/wakeup.hpp"

#include <sys/socket.h>

namespace sallyport::tls {

/// Told that a socket may have become readable or writable. Spurious calls are allowed.
class ReadyHandler {
 public:
    virtual void on_ready() = 0;

 protected:
    ~ReadyHandler() = default;
};

class Socket final : private EdgeHandler {
 public:
    /// Takes over a non-blocking descriptor.
    Socket(Poller& poller, int descriptor);
    ~Socket();
    Socket(Socket const&) = delete;
    Socket& operator=(Socket const&) = delete;

    /// Connects; the caller bounds the time with hang_up(). Errc::network where it is refused.
    Task<Result<void>> connect(sockaddr const* address, socklen_t size);

    /// Errc::would_block; Errc::peer_closed at FIN; Errc::peer_vanished after a reset;
    /// Errc::network. A socket that is known to be empty is not asked again.
    Result<std::size_t> receive(MutableBytes into);
    /// The next byte, which stays to be received. Asks the kernel even where the socket is thought
    /// to be empty: what came since its last edge counts. Errors as receive().
    Result<std::byte> peek();
    bool may_be_readable() const { return readable_; }
    /// Sends a part, at least one byte. Errc::would_block, peer_vanished, network.
    Result<std::size_t> send(Bytes data);

    /// Waits until receive or send may do better than before, for one coroutine at a time.
    Task<> ready() { return wakeup_.sleep(); }
    /// Calls `handler` at each change of readiness that no coroutine waits for, until another one
    /// is set or none (nullptr).
    void notify(ReadyHandler* handler) { handler_ = handler; }

    /// Sends FIN; receiving goes on.
    void finish_sending();
    /// Ends the connection in both directions and wakes whoever waits; the descriptor stays until
    /// destruction, because OpenSSL and the poller know its number. Calling it twice is harmless.
    void hang_up();
    bool hung_up() const { return hung_up_; }

    int descriptor() const { return descriptor_; }
    Poller& poller() { return poller_; }

 private:
    void on_edge(unsigned events) override;

    Poller& poller_;
    Wakeup wakeup_;
    ReadyHandler* handler_ = nullptr;
    int descriptor_;
    bool readable_ = true;  ///< false after the kernel said, or showed by a short read, "empty"
    bool writable_ = true;  ///< false after the kernel said "full"
    bool closing_ = false;  ///< FIN or an error was reported: a short read is not the last word
    bool hung_up_ = false;
};

}  // namespace sallyport::tls
