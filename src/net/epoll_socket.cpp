#include "net/epoll_socket.hpp"

#include <cerrno>
#include <unistd.h>

namespace sallyport::net {

EpollSocket::EpollSocket(EpollLoop& loop, int descriptor) : Socket(loop, descriptor), epoll_(loop) {
    try {
        epoll_.add(descriptor, *this);
    } catch (...) {
        // Taken over is taken over: there is no destructor yet that would close it.
        ::close(descriptor);
        throw;
    }
}

EpollSocket::~EpollSocket() {
    epoll_.remove(descriptor(), *this);
    ::close(descriptor());
}

Result<std::size_t> EpollSocket::receive(MutableBytes into) {
    if (!may_be_readable()) return Errc::would_block;
    for (;;) {
        auto const got = ::recv(descriptor(), into.data(), into.size(), 0);
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
        return failure(errno);
    }
}

Result<std::size_t> EpollSocket::send(Bytes data) {
    if (!is_writable()) return Errc::would_block;
    auto const sent = send_to_kernel(data);
    if (!sent && sent.error() == Errc::would_block) set_writable(false);
    return sent;
}

Result<std::byte> EpollSocket::peek() {
    auto const next = peek_in_kernel();
    if (!next && next.error() == Errc::would_block) readable_ = false;
    return next;
}

void EpollSocket::begin() {
    readable_ = true;
    closing_ = false;
}

void EpollSocket::on_edge(unsigned events) {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) set_writable(true);
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) closing_ = true;
    change();
}

}  // namespace sallyport::net
