// Lets an Asio io_context serve a loop beside its own work: where nothing depends on speed.
#pragma once

#include "net/epoll_loop.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace sallyport::net {

class Nested {
 public:
    /// Serves `loop` whenever it has something to do, on the thread that runs `context`, until
    /// stop().
    Nested(boost::asio::io_context& context, EpollLoop& loop);

    /// Lets the io_context run out of work.
    void stop();

 private:
    // How often the loop is served before others of the io_context get their turn again.
    static constexpr int rounds_per_turn = 16;

    void wait();
    void serve();

    EpollLoop& loop_;
    boost::asio::posix::stream_descriptor set_;
    bool is_stopped_ = false;
};

}  // namespace sallyport::net
