// One listening socket: accepts, and hands each connection to the worker with the fewest sessions.
//
// All accepting happens on the main thread. Database connections live long, so an even spread
// matters more than a faster accept, and the kernel's SO_REUSEPORT hash gives no even spread
// (docs/decisions/0003).
#pragma once

#include "gateway/endpoint.hpp"
#include "gateway/fault.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>

namespace sallyport::gateway {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
    /// Gets each accepted descriptor (non-blocking, close-on-exec), which it owns from then on.
    using Accepted = std::function<void(int descriptor)>;

    /// Binds and listens; accepts nothing before start(). Errc::address_in_use, or network.
    static Checked<std::shared_ptr<Listener>> bind(boost::asio::io_context& context,
                                                   config::Address const& address);
    ~Listener();

    /// From now on `accepted` gets what comes, instead of who did until now.
    void start(Accepted accepted);

    config::Address const& address() const { return address_; }

 private:
    // The kernel cuts this down to net.core.somaxconn.
    static constexpr int backlog = 4096;
    // While descriptors have run out: each session that ends gives two back.
    static constexpr std::chrono::milliseconds back_off{100};

    Listener(boost::asio::io_context& context, config::Address address, int descriptor);
    // Handlers hold the listener weakly: one that a reload has closed may still have its readiness
    // queued.
    void wait();
    void accept_all();

    config::Address address_;
    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer pause_;
    Accepted accepted_;
};

}  // namespace sallyport::gateway
