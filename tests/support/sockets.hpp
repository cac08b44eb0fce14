// Sockets for tests: connected pairs, one end of which the test holds in its own hands.
#pragma once

#include "base/bytes.hpp"
#include "support/loop.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sallyport::test {

/// A descriptor that is closed at the end, and a peer's behaviour over it.
class RawSocket {
 public:
    RawSocket() = default;
    explicit RawSocket(int descriptor) : descriptor_(descriptor) {}
    RawSocket(RawSocket&& other) noexcept : descriptor_(other.release()) {}
    RawSocket& operator=(RawSocket&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        return *this;
    }
    ~RawSocket() { close(); }

    int descriptor() const { return descriptor_; }
    int release() { return std::exchange(descriptor_, -1); }
    void close() {
        if (descriptor_ >= 0) ::close(release());
    }
    /// Says no more, but still listens.
    void finish_sending() const { ::shutdown(descriptor_, SHUT_WR); }
    /// Goes away with a reset instead of a FIN (TCP only).
    void reset() {
        linger const at_once{1, 0};
        setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }

    /// How much the kernel took at once.
    std::size_t send_some(Bytes bytes) const {
        auto const sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        return sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    /// All of it in one call: one segment, as the other side sees it.
    void send(Bytes bytes) const {
        if (send_some(bytes) != bytes.size()) throw std::runtime_error("send: not whole");
    }
    /// What has arrived, and whether the end was reached behind it.
    Buffer receive() {
        Buffer all;
        std::array<std::byte, 4096> part{};
        for (;;) {
            auto const got = ::recv(descriptor_, part.data(), part.size(), 0);
            if (got == 0) at_end_ = true;
            if (got <= 0) return all;
            all.insert(all.end(), part.begin(), part.begin() + got);
        }
    }
    /// Serves the loop until so many bytes have come.
    Buffer receive(Loop& loop, std::size_t size) {
        Buffer all;
        loop.until([&] {
            loop.settle();
            auto const part = receive();
            all.insert(all.end(), part.begin(), part.end());
            return all.size() >= size || at_end_;
        });
        return all;
    }
    /// Serves the loop until the other side has ended its sending; gives what came before that.
    Buffer receive_to_end(Loop& loop) { return receive(loop, static_cast<std::size_t>(-1)); }
    bool at_end() const { return at_end_; }

    /// Bytes that have arrived and were not received.
    std::size_t waiting() const {
        int count = 0;
        ioctl(descriptor_, FIONREAD, &count);
        return static_cast<std::size_t>(count);
    }

 private:
    int descriptor_ = -1;
    bool at_end_ = false;
};

struct SocketPair {
    RawSocket ours;   ///< what the tested code gets
    RawSocket peers;  ///< what the test plays with
};

inline SocketPair unix_pair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw std::runtime_error("socketpair");
    return {RawSocket(ends[0]), RawSocket(ends[1])};
}

/// A socket that listens on a free port of 127.0.0.1.
class TcpListener {
 public:
    explicit TcpListener(int backlog = SOMAXCONN)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address_;
        auto* const address = reinterpret_cast<sockaddr*>(&address_);
        if (bind(socket_.descriptor(), address, size) != 0 ||
            listen(socket_.descriptor(), backlog) != 0 ||
            getsockname(socket_.descriptor(), address, &size) != 0)
            throw std::runtime_error("no loopback socket");
    }

    sockaddr_in const& endpoint() const { return address_; }
    sockaddr const* address() const { return reinterpret_cast<sockaddr const*>(&address_); }
    socklen_t address_size() const { return sizeof address_; }

    RawSocket accept() const {
        return RawSocket(
            accept4(socket_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    }
    /// Starts a connection; true where it is not made at once.
    bool dial(RawSocket const& from) const {
        return connect(from.descriptor(), address(), address_size()) != 0 && errno == EINPROGRESS;
    }

 private:
    RawSocket socket_;
    sockaddr_in address_{};
};

inline RawSocket tcp_socket(int flags = SOCK_NONBLOCK) {
    return RawSocket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
}

inline SocketPair tcp_pair() {
    TcpListener const listener;
    auto dialler = tcp_socket(0);
    listener.dial(dialler);
    SocketPair pair{listener.accept(), std::move(dialler)};
    int on = 1;
    ioctl(pair.peers.descriptor(), FIONBIO, &on);
    return pair;
}

}  // namespace sallyport::test
