// One connected socket: bytes in, bytes out, never blocking, and a way to wait for more.
//
// This is the seam beneath TLS: epoll and io_uring offer the same few calls, and nothing above
// knows which one runs.
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"
#include "net/task.hpp"
#include "net/wakeup.hpp"

#include <sys/socket.h>

namespace sallyport::net {

/// Told that a socket may have become readable or writable. Spurious calls are allowed.
class ReadyHandler {
 public:
    virtual void on_ready() = 0;

 protected:
    ~ReadyHandler() = default;
};

class Socket {
 public:
    Socket(Socket const&) = delete;
    Socket& operator=(Socket const&) = delete;
    /// Closes it. What was sent is still delivered.
    virtual ~Socket() = default;

    /// Connects; the caller bounds the time with hang_up(). Errc::network where it is refused.
    Task<Result<void>> connect(sockaddr const* address, socklen_t size);

    /// Errc::would_block; Errc::peer_closed at FIN; Errc::peer_vanished after a reset;
    /// Errc::network. A socket that is known to be empty is not asked again.
    virtual Result<std::size_t> receive(MutableBytes into) = 0;
    /// The next byte, which stays to be received. Asks the kernel even where the socket is thought
    /// to be empty: what came since it was last heard of counts. Errors as receive().
    virtual Result<std::byte> peek() = 0;
    virtual bool may_be_readable() const = 0;
    /// Sends a part, at least one byte. Errc::would_block, peer_vanished, network.
    virtual Result<std::size_t> send(Bytes data) = 0;

    /// Waits until receive or send may do better than before, for one coroutine at a time.
    Task<> ready();
    /// Calls `handler` at each change of readiness that no coroutine waits for, until another one
    /// is set or none (nullptr).
    void notify(ReadyHandler* handler);

    /// A goodbye follows, a few bytes, and then finish_sending(): it is to be taken even where
    /// other bytes would have to wait.
    virtual void expect_goodbye() {}
    /// Sends FIN behind what was sent before; receiving goes on.
    virtual void finish_sending() = 0;
    /// Ends the connection in both directions and wakes whoever waits; the descriptor stays until
    /// destruction, because OpenSSL and the loop know its number. Calling it twice is harmless.
    void hang_up();
    bool hung_up() const { return hung_up_; }

    int descriptor() const { return descriptor_; }
    Loop& loop() const { return loop_; }

 protected:
    Socket(Loop& loop, int descriptor);

    /// The connection is made: what was heard before says nothing about it.
    virtual void begin() {}
    /// Somebody waits for bytes from now on.
    virtual void expect_bytes() = 0;
    /// The kernel takes no more: change() is to be called when it does again.
    virtual void expect_room() = 0;
    /// What was sent and has not come to the kernel yet goes there now, as far as it takes it.
    virtual void hand_over() {}
    /// Tells whoever is to know that something is possible which was not. May destroy the socket.
    void change();
    bool is_writable() const { return writable_; }
    void set_writable(bool is_writable) { writable_ = is_writable; }
    /// recv() and send() set errno to this: a peer that is gone, or something else.
    static Errc failure(int error);
    /// recv(2) of the next byte without taking it.
    Result<std::byte> peek_in_kernel() const;
    /// send(2); errors as send().
    Result<std::size_t> send_to_kernel(Bytes data) const;
    void finish_in_kernel() const;

 private:
    Loop& loop_;
    Wakeup wakeup_;
    ReadyHandler* handler_ = nullptr;
    int const descriptor_;
    bool writable_ = true;  ///< false after the kernel said "full"
    bool hung_up_ = false;
};

}  // namespace sallyport::net
