// The PROXY protocol header, version 2: tells a backend whose connection this really is.
// Source: haproxy.org, "The PROXY protocol", section 2.2.
#pragma once

#include "base/bytes.hpp"

#include <sys/socket.h>

namespace sallyport::wire {

/// The header for a connection from `source` to `destination`, both of one family (AF_INET or
/// AF_INET6). Anything else, a Unix socket for one, gives the LOCAL header: "my own connection".
Buffer write_proxy_header(sockaddr_storage const& source, sockaddr_storage const& destination);
/// The header of a connection that carries no client: health checks.
Buffer write_local_proxy_header();

}  // namespace sallyport::wire
