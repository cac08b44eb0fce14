// The coroutine of this program: an Asio awaitable that is resumed on its worker's io_context.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace sallyport::tls {

template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace sallyport::tls
