// Socket addresses as values.
#pragma once

#include "base/errc.hpp"
#include "config/config.hpp"

#include <string>
#include <sys/socket.h>
#include <vector>

namespace sallyport::gateway {

/// A socket address with its size, ready for connect() and bind().
struct Endpoint {
    sockaddr_storage storage{};
    socklen_t size = 0;

    sockaddr const* get() const { return reinterpret_cast<sockaddr const*>(&storage); }
    int family() const { return storage.ss_family; }
    /// "192.0.2.1:3306", "[2001:db8::1]:3306", or "unix:" with the path where there is one.
    std::string to_string() const;
    /// The address alone, as MySQL writes it in 'user'@'host'; "localhost" for a Unix socket.
    std::string host() const;
};

/// All addresses behind a configured one, asking the system's resolver, which may take seconds.
/// Errc::network with the resolver's words in `why`.
Result<std::vector<Endpoint>> resolve(config::Address const& address, std::string& why);

/// The two ends of a connected socket.
Endpoint local_end(int descriptor);
Endpoint remote_end(int descriptor);

}  // namespace sallyport::gateway
