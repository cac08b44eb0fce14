// The loop that waits for readiness: one epoll set, in which every socket is registered once,
// edge-triggered and in both directions, for its whole life.
#pragma once

#include "net/loop.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <sys/epoll.h>

namespace sallyport::net {

/// Told about edges: something became possible since the last time it was found impossible.
class EdgeHandler {
 public:
    /// `events` as epoll reports them (EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR).
    virtual void on_edge(unsigned events) = 0;

 protected:
    ~EdgeHandler() = default;
};

class EpollLoop final : public Loop {
 public:
    /// Throws system_error where the kernel has no set, timer or event descriptor left.
    EpollLoop();
    ~EpollLoop() override;

    std::unique_ptr<Socket> adopt(int descriptor) override;

    /// Registers a descriptor until remove(). The first edge reports what is possible already.
    /// Throws system_error when the kernel has no room for another watch.
    void add(int descriptor, EdgeHandler& handler);
    /// The handler is not called again, not even for edges already collected.
    void remove(int descriptor, EdgeHandler& handler);

    /// Readable when run_ready() has something to do: for a loop that is served by another one.
    int descriptor() const { return set_; }

 private:
    static constexpr std::size_t batch_size = 128;

    bool serve(bool may_wait) override;
    void add_own(int descriptor, void const* mark);
    void dispatch(epoll_event const& event);

    int set_;
    std::array<epoll_event, batch_size> batch_{};
    std::span<epoll_event> unserved_;  ///< of batch_: collected, its handlers not called yet
};

}  // namespace sallyport::net
