// How a program's loops serve their sockets: decided once, at start-up.
#pragma once

#include "net/loop.hpp"

#include <memory>
#include <string>

namespace sallyport::net {

enum class IoMethod { epoll, io_uring };

/// Empty where this kernel offers an io_uring that does; else why not, in words for the log.
std::string why_no_io_uring();

/// Throws system_error where the kernel has no more of what it takes.
std::unique_ptr<Loop> make_loop(IoMethod method);

}  // namespace sallyport::net
