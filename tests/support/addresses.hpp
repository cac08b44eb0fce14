// Configured addresses, listeners and backends for tests, without the fields that do not matter.
#pragma once

#include "config/config.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace sallyport::test {

inline config::Address tcp_address(std::string host, std::uint16_t port = 3306) {
    config::Address address;
    address.host = std::move(host);
    address.port = port;
    return address;
}

inline config::Address unix_address(std::string path) {
    config::Address address;
    address.socket = std::move(path);
    return address;
}

inline config::Backend backend_at(std::string name, config::Address address) {
    config::Backend backend;
    backend.name = std::move(name);
    backend.addresses = {std::move(address)};
    return backend;
}

inline config::Listener listener_at(std::string name, config::Address address,
                                    std::string backend) {
    config::Listener listener;
    listener.name = std::move(name);
    listener.address = std::move(address);
    listener.backend = std::move(backend);
    return listener;
}

}  // namespace sallyport::test
