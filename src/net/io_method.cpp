#include "net/io_method.hpp"

#include "net/epoll_loop.hpp"
#include "net/uring_loop.hpp"

#include <boost/system/system_error.hpp>

namespace sallyport::net {

std::string why_no_io_uring() {
    try {
        Ring const probe;
        return {};
    } catch (boost::system::system_error const& error) {
        return error.what();
    }
}

std::unique_ptr<Loop> make_loop(IoMethod method) {
    if (method == IoMethod::io_uring) return std::make_unique<UringLoop>();
    return std::make_unique<EpollLoop>();
}

}  // namespace sallyport::net
