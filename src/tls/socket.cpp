#include "tls/socket.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include <utility>

namespace sallyport::tls {
namespace {

bool is_reset(int error) {
    return error == ECONNRESET || error == EPIPE || error == ETIMEDOUT || error == ENOTCONN;
}

}  // namespace

Socket::Socket(Poller& poller, int descriptor)
    : poller_(poller), wakeup_(poller.context()), descriptor_(descriptor) {
    int const on = 1;
    // Fails on Unix sockets, which have no such delay.
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    try {
        poller_.add(descriptor_, *this);
    } catch (...) {
        // Taken over is taken over: there is no destructor yet that would close it.
        ::close(descriptor_);
        throw;
    }
}

Socket::~Socket() {
    poller_.remove(descriptor_, *this);
    ::close(descriptor_);
}

Task<Result<void>> Socket::connect(sockaddr const* address, socklen_t size) {
    if (::connect(descriptor_, address, size) != 0) {
        if (errno != EINPROGRESS) co_return error_code(errno, boost::system::system_category());
        // The edges from before the connect say nothing about it.
        writable_ = false;
        while (!writable_ && !hung_up_) co_await ready();
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &length);
        if (hung_up_) co_return Errc::timed_out;
        if (error != 0) co_return error_code(error, boost::system::system_category());
    }
    readable_ = writable_ = true;
    closing_ = false;
    co_return Result<void>();
}

Result<std::size_t> Socket::receive(MutableBytes into) {
    if (!readable_) return Errc::would_block;
    for (;;) {
        auto const got = ::recv(descriptor_, into.data(), into.size(), 0);
        if (got > 0) {
            // A short read emptied the socket: what comes later raises a new edge. Not so after
            // a FIN was reported, which has had its edge.
            if (static_cast<std::size_t>(got) < into.size() && !closing_) readable_ = false;
            return static_cast<std::size_t>(got);
        }
        if (got == 0) return Errc::peer_closed;
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            readable_ = false;
            return Errc::would_block;
        }
        return is_reset(errno) ? Errc::peer_vanished : Errc::network;
    }
}

Result<std::byte> Socket::peek() {
    std::byte next{};
    for (;;) {
        auto const got = ::recv(descriptor_, &next, 1, MSG_PEEK | MSG_DONTWAIT);
        if (got > 0) return next;
        if (got == 0) return Errc::peer_closed;
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            readable_ = false;
            return Errc::would_block;
        }
        return is_reset(errno) ? Errc::peer_vanished : Errc::network;
    }
}

Result<std::size_t> Socket::send(Bytes data) {
    if (!writable_) return Errc::would_block;
    for (;;) {
        auto const sent = ::send(descriptor_, data.data(), data.size(), MSG_NOSIGNAL);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            writable_ = false;
            return Errc::would_block;
        }
        return is_reset(errno) ? Errc::peer_vanished : Errc::network;
    }
}

void Socket::finish_sending() {
    ::shutdown(descriptor_, SHUT_WR);
}

void Socket::hang_up() {
    if (std::exchange(hung_up_, true)) return;
    ::shutdown(descriptor_, SHUT_RDWR);
    // A socket that never connected raises no edge by this: wake the waiter ourselves.
    on_edge(EPOLLIN | EPOLLOUT | EPOLLHUP);
}

void Socket::on_edge(unsigned events) {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) closing_ = true;
    if (wakeup_.is_awaited())
        wakeup_.wake();
    else if (handler_ != nullptr)
        handler_->on_ready();
}

}  // namespace sallyport::tls
