#include "net/epoll_loop.hpp"

#include "net/epoll_socket.hpp"
#include "net/system_error.hpp"

#include <unistd.h>

namespace sallyport::net {
namespace {

// What stands in an event of the loop's own descriptors where those of sockets name their handler.
char const bell_mark = 0;
char const clock_mark = 0;

}  // namespace

EpollLoop::EpollLoop() : set_(epoll_create1(EPOLL_CLOEXEC)) {
    if (set_ < 0) throw_errno("epoll_create1");
    add_own(bell(), &bell_mark);
    add_own(clocks().descriptor(), &clock_mark);
}

EpollLoop::~EpollLoop() {
    close_down();
    ::close(set_);
}

std::unique_ptr<Socket> EpollLoop::adopt(int descriptor) {
    return std::make_unique<EpollSocket>(*this, descriptor);
}

void EpollLoop::add(int descriptor, EdgeHandler& handler) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &handler;
    if (epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &event) != 0) throw_errno("epoll_ctl");
}

void EpollLoop::remove(int descriptor, EdgeHandler& handler) {
    epoll_ctl(set_, EPOLL_CTL_DEL, descriptor, nullptr);
    for (epoll_event& event : unserved_)
        if (event.data.ptr == &handler) event.data.ptr = nullptr;
}

void EpollLoop::add_own(int descriptor, void const* mark) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = const_cast<void*>(mark);
    if (epoll_ctl(set_, EPOLL_CTL_ADD, descriptor, &event) != 0) throw_errno("epoll_ctl");
}

bool EpollLoop::serve(bool may_wait) {
    int const count = epoll_wait(set_, batch_.data(), batch_size, may_wait ? -1 : 0);
    if (count <= 0) return false;
    unserved_ = std::span(batch_).first(static_cast<std::size_t>(count));
    while (!unserved_.empty()) {
        epoll_event const event = unserved_.front();
        unserved_ = unserved_.subspan(1);
        dispatch(event);
    }
    return true;
}

void EpollLoop::dispatch(epoll_event const& event) {
    if (event.data.ptr == nullptr) return;
    if (event.data.ptr == &bell_mark)
        take_posted();
    else if (event.data.ptr == &clock_mark)
        clocks().strike();
    else
        static_cast<EdgeHandler*>(event.data.ptr)->on_edge(event.events);
}

}  // namespace sallyport::net
