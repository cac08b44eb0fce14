#include "wire/proxy_header.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>

namespace sallyport::wire {
namespace {

sockaddr_storage ipv4(char const* address, std::uint16_t port) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    inet_pton(AF_INET, address, &in.sin_addr);
    sockaddr_storage storage{};
    std::memcpy(&storage, &in, sizeof in);
    return storage;
}

sockaddr_storage ipv6(char const* address, std::uint16_t port) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    inet_pton(AF_INET6, address, &in.sin6_addr);
    sockaddr_storage storage{};
    std::memcpy(&storage, &in, sizeof in);
    return storage;
}

constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};

TEST(ProxyHeader, carries_ipv4_addresses_and_ports) {
    auto const header = write_proxy_header(ipv4("192.0.2.7", 40000), ipv4("198.51.100.1", 3306));
    constexpr std::string_view rest{
        "\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x9c\x40\x0c\xea", 16};
    EXPECT_EQ(as_text(header), std::string(signature) + std::string(rest));
}

TEST(ProxyHeader, carries_ipv6_addresses_and_ports) {
    auto const header = write_proxy_header(ipv6("2001:db8::1", 1), ipv6("::1", 2));
    ASSERT_EQ(header.size(), 16U + 36U);
    EXPECT_EQ(as_text(header).substr(12, 4), std::string_view("\x21\x21\x00\x24", 4));
    EXPECT_EQ(as_text(header).substr(48), std::string_view("\x00\x01\x00\x02", 4));
}

TEST(ProxyHeader, says_local_where_there_is_no_address_to_tell) {
    sockaddr_storage unix_socket{};
    unix_socket.ss_family = AF_UNIX;
    auto const local = std::string(signature) + std::string("\x20\x00\x00\x00", 4);
    EXPECT_EQ(as_text(write_proxy_header(unix_socket, ipv4("127.0.0.1", 1))), local);
    EXPECT_EQ(as_text(write_proxy_header(ipv6("::1", 1), ipv4("127.0.0.1", 1))), local);
    EXPECT_EQ(as_text(write_local_proxy_header()), local);
}

}  // namespace
}  // namespace sallyport::wire
