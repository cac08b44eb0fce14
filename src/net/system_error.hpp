// What the kernel refused us when something was set up.
#pragma once

#include <boost/system/system_error.hpp>

#include <cerrno>

namespace sallyport::net {

[[noreturn]] inline void throw_error(int error, char const* what) {
    throw boost::system::system_error(error, boost::system::system_category(), what);
}

[[noreturn]] inline void throw_errno(char const* what) {
    throw_error(errno, what);
}

}  // namespace sallyport::net
