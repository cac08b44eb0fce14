#include "config/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <sys/un.h>

namespace sallyport::config {

namespace {

constexpr std::string_view unix_prefix = "unix:";
/// sun_path holds the path and its NUL (unix(7)).
constexpr std::size_t max_socket_path = sizeof(sockaddr_un::sun_path) - 1;
/// RFC 1035, section 2.3.4, as text without the last dot.
constexpr std::size_t max_host_name = 253;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_ipv4(std::string const& host) {
    in_addr ignored{};
    return inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}

/// With or without a zone ("fe80::1%eth0"), which only the kernel can judge.
bool is_ipv6(std::string const& host) {
    in6_addr ignored{};
    return inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &ignored) == 1;
}

bool is_host_name(std::string const& host) {
    auto const allowed = [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
               c == '.' || c == '_';
    };
    // A name whose last letter is a digit is an address with a mistake in it, not a name: no
    // top-level domain ends so, but "127.0.0.1.1" and "10.0.0.256" do.
    bool const looks_numeric =
        std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
    return !host.empty() && host.size() <= max_host_name && !looks_numeric && host.front() != '-' &&
           host.front() != '.' && std::all_of(host.begin(), host.end(), allowed);
}

std::string parse_socket(path const& written, path const& directory, Address& address) {
    if (written.empty()) return "names no path after \"unix:\"";
    path const socket = (directory / written).lexically_normal();
    if (socket.native().size() > max_socket_path)
        return "is too long for a Unix socket (" + std::to_string(max_socket_path) + " bytes)";
    address = Address{.host = {}, .port = 0, .socket = socket};
    return {};
}

bool parse_port(std::string_view text, std::uint16_t& port) {
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

}  // namespace

std::string parse_address(std::string_view text, path const& directory, Address& address) {
    if (text.starts_with(unix_prefix))
        return parse_socket(text.substr(unix_prefix.size()), directory, address);

    std::size_t const colon = text.rfind(':');
    if (colon == std::string_view::npos) return "has no port";
    std::string host(text.substr(0, colon));
    bool const bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (!bracketed && host.find(':') != std::string::npos) return "is IPv6 without brackets";

    std::uint16_t port = 0;
    if (!parse_port(text.substr(colon + 1), port)) return "has no port between 1 and 65535";
    if (host.empty()) return "has no host";
    if (bracketed ? !is_ipv6(host) : !is_ipv4(host) && !is_host_name(host))
        return bracketed ? "is no IPv6 address" : "is neither an IP address nor a host name";
    address = Address{.host = std::move(host), .port = port, .socket = {}};
    return {};
}

bool is_local(Address const& address) {
    return address.is_unix() || address.host == "localhost" || address.host == "::1" ||
           (is_ipv4(address.host) && address.host.starts_with("127."));
}

bool share_a_port(Address const& one, Address const& other) {
    auto const is_any = [](std::string const& host) {
        return host.empty() || host == "0.0.0.0" || host == "::";
    };
    if (one.is_unix() || other.is_unix() || one.port != other.port) return false;
    return one.host == other.host || is_any(one.host) || is_any(other.host);
}

std::string Address::to_string() const {
    if (is_unix()) return std::string(unix_prefix) + socket.string();
    bool const v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace sallyport::config
