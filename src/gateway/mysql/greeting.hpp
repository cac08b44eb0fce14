// Our own greeting: the backend's, with a scramble and a connection id of ours.
#pragma once

#include "wire/mysql/messages.hpp"

namespace sallyport::gateway {

/// `backend` is what the backend greets with. The scramble is fresh; no login is ever judged by it,
/// because the database asks again with its own (AuthSwitchRequest). Throws where the system has no
/// random numbers.
mysql::Greeting own_greeting(mysql::Greeting backend, std::uint32_t connection_id);

}  // namespace sallyport::gateway
