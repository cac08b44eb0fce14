// Socket addresses as values.
#pragma once

#include "base/errc.hpp"
#include "config/config.hpp"

#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace sallyport::gateway {

/// A socket address with its size, ready for connect() and bind(). Small where it is an IP
/// address: every session keeps some.
class Endpoint {
 public:
    /// None: of size 0.
    Endpoint() = default;
    /// A copy of the `size` bytes at `address`, of any family.
    Endpoint(sockaddr const* address, socklen_t size);

    sockaddr const* get() const;
    socklen_t size() const { return size_; }
    int family() const { return get()->sa_family; }
    /// As large as that of any family.
    sockaddr_storage storage() const;
    /// "192.0.2.1:3306", "[2001:db8::1]:3306", or "unix:" with the path where there is one.
    std::string to_string() const;
    /// The address alone, as MySQL writes it in 'user'@'host'; "localhost" for a Unix socket.
    std::string host() const;

 private:
    sockaddr_in6 ip_{};  ///< or a sockaddr_in, which is smaller
    socklen_t size_ = 0;
    std::shared_ptr<sockaddr_storage const> large_;  ///< what ip_ has no room for
};

/// All addresses behind a configured one, asking the system's resolver, which may take seconds.
/// Errc::network with the resolver's words in `why`.
Result<std::vector<Endpoint>> resolve(config::Address const& address, std::string& why);

/// The two ends of a connected socket.
Endpoint local_end(int descriptor);
Endpoint remote_end(int descriptor);

}  // namespace sallyport::gateway
