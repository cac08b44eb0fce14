#include "wire/proxy_header.hpp"

#include <netinet/in.h>

namespace sallyport::wire {
namespace {

constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::uint8_t version_2_local = 0x20;
constexpr std::uint8_t version_2_proxy = 0x21;
constexpr std::uint8_t tcp_over_ipv4 = 0x11;
constexpr std::uint8_t tcp_over_ipv6 = 0x21;

template <class Address>
Address as(sockaddr_storage const& storage) {
    Address address;
    std::memcpy(&address, &storage, sizeof address);
    return address;
}

template <class T>
Bytes raw(T const& value) {
    return std::as_bytes(std::span(&value, 1));
}

}  // namespace

Buffer write_local_proxy_header() {
    Buffer header;
    Writer writer(header);
    writer.text(signature);
    writer.u8(version_2_local);
    writer.u8(0);
    writer.u16be(0);
    return header;
}

Buffer write_proxy_header(sockaddr_storage const& source, sockaddr_storage const& destination) {
    bool const same_family = source.ss_family == destination.ss_family;
    if (!same_family || (source.ss_family != AF_INET && source.ss_family != AF_INET6))
        return write_local_proxy_header();
    Buffer header;
    Writer writer(header);
    writer.text(signature);
    writer.u8(version_2_proxy);
    // Addresses and ports are in network byte order already.
    if (source.ss_family == AF_INET) {
        auto const from = as<sockaddr_in>(source);
        auto const to = as<sockaddr_in>(destination);
        writer.u8(tcp_over_ipv4);
        writer.u16be(2 * (4 + 2));
        for (Bytes const field :
             {raw(from.sin_addr), raw(to.sin_addr), raw(from.sin_port), raw(to.sin_port)})
            writer.bytes(field);
    } else {
        auto const from = as<sockaddr_in6>(source);
        auto const to = as<sockaddr_in6>(destination);
        writer.u8(tcp_over_ipv6);
        writer.u16be(2 * (16 + 2));
        for (Bytes const field :
             {raw(from.sin6_addr), raw(to.sin6_addr), raw(from.sin6_port), raw(to.sin6_port)})
            writer.bytes(field);
    }
    return header;
}

}  // namespace sallyport::wire
