// Addresses as the configuration file writes them: "host:port", "[v6]:port" or "unix:/path".
#pragma once

#include "config/config.hpp"

#include <string>
#include <string_view>

namespace sallyport::config {

/// Reads one address into `address`. Returns what is wrong with the text, as the end of a sentence
/// that begins with the address; empty where nothing is. A relative socket path starts at
/// `directory`.
std::string parse_address(std::string_view text, path const& directory, Address& address);

/// Whether packets to it stay on this machine: a Unix socket, 127.0.0.0/8, ::1 or "localhost".
bool is_local(Address const& address);

/// Whether listening at both cannot succeed: the same port of the same host, or of a host and of
/// all addresses. An empty host is all addresses too.
bool share_a_port(Address const& one, Address const& other);

}  // namespace sallyport::config
