#include "gateway/endpoint.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <sys/un.h>

namespace sallyport::gateway {
namespace {

Endpoint unix_endpoint(std::string const& path) {
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    // `load` has checked that it fits.
    std::memcpy(un.sun_path, path.data(), std::min(path.size(), sizeof un.sun_path - 1));
    auto const size = offsetof(sockaddr_un, sun_path) + path.size() + 1;
    return {reinterpret_cast<sockaddr const*>(&un), static_cast<socklen_t>(size)};
}

struct NumericNames {
    std::string host;
    std::string port;
};

NumericNames numeric_names(Endpoint const& endpoint) {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    getnameinfo(endpoint.get(), endpoint.size(), host.data(), host.size(), port.data(), port.size(),
                NI_NUMERICHOST | NI_NUMERICSERV);
    return {host.data(), port.data()};
}

template <auto function>
Endpoint end_of(int descriptor) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* const address = reinterpret_cast<sockaddr*>(&storage);
    return function(descriptor, address, &size) == 0 ? Endpoint(address, size) : Endpoint();
}

}  // namespace

Endpoint::Endpoint(sockaddr const* address, socklen_t size) : size_(size) {
    if (size <= sizeof ip_) {
        std::memcpy(&ip_, address, size);
        return;
    }
    auto const large = std::make_shared<sockaddr_storage>();
    std::memcpy(large.get(), address, size);
    large_ = large;
}

sockaddr const* Endpoint::get() const {
    return large_ ? reinterpret_cast<sockaddr const*>(large_.get())
                  : reinterpret_cast<sockaddr const*>(&ip_);
}

sockaddr_storage Endpoint::storage() const {
    sockaddr_storage padded{};
    std::memcpy(&padded, get(), size_);
    return padded;
}

std::string Endpoint::to_string() const {
    if (family() == AF_UNIX) {
        auto const padded = storage();
        sockaddr_un un{};
        std::memcpy(&un, &padded, sizeof un);
        return std::string("unix:") + un.sun_path;
    }
    auto const names = numeric_names(*this);
    return family() == AF_INET6 ? "[" + names.host + "]:" + names.port
                                : names.host + ":" + names.port;
}

std::string Endpoint::host() const {
    return family() == AF_UNIX ? "localhost" : numeric_names(*this).host;
}

Result<std::vector<Endpoint>> resolve(config::Address const& address, std::string& why) {
    if (address.is_unix()) return std::vector{unix_endpoint(address.socket.string())};
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    auto const port = std::to_string(address.port);
    if (int const error = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
        error != 0) {
        why = gai_strerror(error);
        return Errc::network;
    }
    std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> const owner(found, freeaddrinfo);
    std::vector<Endpoint> endpoints;
    for (addrinfo const* entry = found; entry != nullptr; entry = entry->ai_next)
        endpoints.emplace_back(entry->ai_addr, entry->ai_addrlen);
    return endpoints;
}

Endpoint local_end(int descriptor) {
    return end_of<getsockname>(descriptor);
}

Endpoint remote_end(int descriptor) {
    return end_of<getpeername>(descriptor);
}

}  // namespace sallyport::gateway
