// What happens to a CancelRequest. The client hears nothing, whether its key was right or not; its
// connection is closed after a fixed time, so that the time does not tell either.
#pragma once

#include "gateway/postgres/cancel_keys.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

#include <chrono>

namespace sallyport::gateway {

/// How long every cancel connection stays open: long enough for a database nearby to have been
/// told, which is what a driver takes the closing for.
inline constexpr std::chrono::milliseconds cancel_answer_time{50};

/// Passes a cancel request on to where `route` says, in at most `limit`. Says in the log when it
/// could not be delivered.
net::Task<> forward_cancel(net::Loop& loop, CancelRoute route, std::chrono::milliseconds limit);

}  // namespace sallyport::gateway
