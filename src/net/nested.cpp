#include "net/nested.hpp"

#include "net/system_error.hpp"

#include <boost/asio/post.hpp>

#include <fcntl.h>

namespace sallyport::net {
namespace {

/// Asio closes what it watches; the set is the loop's.
int duplicate(int descriptor) {
    int const copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw_errno("fcntl");
    return copy;
}

}  // namespace

Nested::Nested(boost::asio::io_context& context, EpollLoop& loop)
    : loop_(loop), set_(context, duplicate(loop.descriptor())) {
    serve();
}

void Nested::stop() {
    is_stopped_ = true;
    set_.cancel();
}

void Nested::wait() {
    set_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this](boost::system::error_code error) {
                        // A cancelled wait may be queued as a successful one already.
                        if (!error && !is_stopped_) serve();
                    });
}

void Nested::serve() {
    for (int round = 0; round < rounds_per_turn; ++round)
        if (!loop_.run_ready()) return wait();
    boost::asio::post(set_.get_executor(), [this] {
        if (!is_stopped_) serve();
    });
}

}  // namespace sallyport::net
