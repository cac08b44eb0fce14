#include "tls/poller.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>

namespace sallyport::tls {
namespace {

[[noreturn]] void throw_errno(char const* what) {
    throw boost::system::system_error(errno, boost::system::system_category(), what);
}

int make_set() {
    int const set = epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) throw_errno("epoll_create1");
    return set;
}

}  // namespace

Poller::Poller(boost::asio::io_context& context) : context_(context), set_(context, make_set()) {
    wait();
}

void Poller::add(int descriptor, EdgeHandler& handler) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &handler;
    if (epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0)
        throw_errno("epoll_ctl");
}

void Poller::remove(int descriptor, EdgeHandler& handler) {
    epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, descriptor, nullptr);
    for (epoll_event& event : unserved_)
        if (event.data.ptr == &handler) event.data.ptr = nullptr;
}

void Poller::stop() {
    set_.cancel();
}

void Poller::wait() {
    set_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](boost::system::error_code error) {
                        // A cancelled wait may be queued as a successful one already.
                        if (error || is_stopped_) return;
                        serve();
                        wait();
                    });
}

void Poller::serve() {
    for (int turn = 0; turn < batches_per_turn; ++turn) {
        int const count = epoll_wait(set_.native_handle(), batch_.data(), batch_size, 0);
        if (count <= 0) return;
        unserved_ = std::span(batch_).first(static_cast<std::size_t>(count));
        while (!unserved_.empty()) {
            epoll_event const event = unserved_.front();
            unserved_ = unserved_.subspan(1);
            if (event.data.ptr != nullptr)
                static_cast<EdgeHandler*>(event.data.ptr)->on_edge(event.events);
        }
    }
}

}  // namespace sallyport::tls
