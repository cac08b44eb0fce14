// The coroutine of this program: an Asio awaitable that is resumed on its worker's loop.
#pragma once

#include "net/executor.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sallyport::net {

template <class T = void>
using Task = boost::asio::awaitable<T, Executor>;

/// What Asio's operations are given so that a Task can await them.
inline constexpr boost::asio::use_awaitable_t<Executor> awaited{};

}  // namespace sallyport::net
