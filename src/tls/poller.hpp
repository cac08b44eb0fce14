// Readiness of many sockets for one worker: an edge-triggered epoll set that lives inside the
// worker's io_context.
//
// Asio's own async_wait re-arms a descriptor with an epoll_ctl for every wait, which is a system
// call per message and leg. Here a socket is registered once, in both directions, for its whole
// life; Asio watches only the set (docs/decisions/0002).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <sys/epoll.h>

namespace sallyport::tls {

/// Told about edges: something became possible since the last time it was found impossible.
class EdgeHandler {
 public:
    /// `events` as epoll reports them (EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR).
    virtual void on_edge(unsigned events) = 0;

 protected:
    ~EdgeHandler() = default;
};

class Poller {
 public:
    explicit Poller(boost::asio::io_context& context);
    Poller(Poller const&) = delete;
    Poller& operator=(Poller const&) = delete;

    /// Registers a descriptor until remove(). The first edge reports what is possible already.
    /// Throws system_error when the kernel has no room for another watch.
    void add(int descriptor, EdgeHandler& handler);
    /// The handler is not called again, not even for edges already collected.
    void remove(int descriptor, EdgeHandler& handler);

    /// Cancels the wait, so that the io_context can run out of work.
    void stop();

    boost::asio::io_context& context() { return context_; }

 private:
    // How many batches are served before Asio's own timers and descriptors get their turn again.
    static constexpr int batches_per_turn = 16;
    static constexpr std::size_t batch_size = 128;

    void wait();
    void serve();

    boost::asio::io_context& context_;
    bool is_stopped_ = false;
    boost::asio::posix::stream_descriptor set_;
    std::array<epoll_event, batch_size> batch_{};
    std::span<epoll_event> unserved_;  ///< of batch_: collected, its handlers not called yet
};

}  // namespace sallyport::tls
