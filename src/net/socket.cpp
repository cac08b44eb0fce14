#include "net/socket.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <utility>

namespace sallyport::net {

Socket::Socket(Loop& loop, int descriptor) : loop_(loop), wakeup_(loop), descriptor_(descriptor) {
    int const on = 1;
    // Fails on Unix sockets, which have no such delay.
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Task<Result<void>> Socket::connect(sockaddr const* address, socklen_t size) {
    if (::connect(descriptor_, address, size) != 0) {
        if (errno != EINPROGRESS) co_return error_code(errno, boost::system::system_category());
        writable_ = false;
        expect_room();
        while (!writable_ && !hung_up_) co_await wakeup_.sleep();
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &length);
        if (hung_up_) co_return Errc::timed_out;
        if (error != 0) co_return error_code(error, boost::system::system_category());
    }
    writable_ = true;
    begin();
    co_return Result<void>();
}

Result<std::size_t> Socket::send_to_kernel(Bytes data) const {
    for (;;) {
        auto const sent = ::send(descriptor_, data.data(), data.size(), MSG_NOSIGNAL);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return Errc::would_block;
        return failure(errno);
    }
}

Task<> Socket::ready() {
    expect_bytes();
    return wakeup_.sleep();
}

void Socket::notify(ReadyHandler* handler) {
    handler_ = handler;
    if (handler_ != nullptr) expect_bytes();
}

void Socket::finish_in_kernel() const {
    ::shutdown(descriptor_, SHUT_WR);
}

void Socket::hang_up() {
    if (std::exchange(hung_up_, true)) return;
    hand_over();
    ::shutdown(descriptor_, SHUT_RDWR);
    writable_ = true;
    // Where it never connected nothing will ever happen to it: wake the waiter ourselves.
    change();
}

void Socket::change() {
    if (wakeup_.is_awaited())
        wakeup_.wake();
    else if (handler_ != nullptr)
        handler_->on_ready();
}

Errc Socket::failure(int error) {
    bool const is_gone =
        error == ECONNRESET || error == EPIPE || error == ETIMEDOUT || error == ENOTCONN;
    return is_gone ? Errc::peer_vanished : Errc::network;
}

Result<std::byte> Socket::peek_in_kernel() const {
    std::byte next{};
    for (;;) {
        auto const got = ::recv(descriptor_, &next, 1, MSG_PEEK | MSG_DONTWAIT);
        if (got > 0) return next;
        if (got == 0) return Errc::peer_closed;
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return Errc::would_block;
        return failure(errno);
    }
}

}  // namespace sallyport::net
