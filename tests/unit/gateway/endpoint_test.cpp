// Socket addresses as values.
#include "gateway/endpoint.hpp"

#include "support/addresses.hpp"
#include "support/sockets.hpp"

#include <gtest/gtest.h>

#include <sys/un.h>

namespace sallyport::gateway {
namespace {

Endpoint resolved(config::Address const& address) {
    std::string why;
    auto const found = resolve(address, why);
    if (!found || found->empty()) throw std::runtime_error("resolve: " + why);
    return found->front();
}

TEST(Endpoint, OfIpv4IsWrittenWithItsPort) {
    auto const endpoint = resolved(test::tcp_address("192.0.2.1", 3306));
    EXPECT_EQ(endpoint.to_string(), "192.0.2.1:3306");
    EXPECT_EQ(endpoint.host(), "192.0.2.1");
    EXPECT_EQ(endpoint.family(), AF_INET);
}

TEST(Endpoint, OfIpv6IsWrittenInBrackets) {
    auto const endpoint = resolved(test::tcp_address("2001:db8::1", 3306));
    EXPECT_EQ(endpoint.to_string(), "[2001:db8::1]:3306");
    EXPECT_EQ(endpoint.host(), "2001:db8::1");
}

TEST(Endpoint, OfAUnixSocketIsWrittenWithItsPath) {
    auto const endpoint = resolved(test::unix_address("/run/mysqld/mysqld.sock"));
    EXPECT_EQ(endpoint.to_string(), "unix:/run/mysqld/mysqld.sock");
    EXPECT_EQ(endpoint.host(), "localhost");
}

TEST(Endpoint, OfAUnixSocketHoldsTheLongestPath) {
    auto const path = "/" + std::string(sizeof(sockaddr_un::sun_path) - 2, 'x');
    auto const endpoint = resolved(test::unix_address(path));
    EXPECT_EQ(endpoint.to_string(), "unix:" + path);
    EXPECT_EQ(endpoint.size(), sizeof(sockaddr_un));
}

TEST(Endpoint, OfAnUnnamedUnixSocketHasNoPath) {
    auto const pair = test::unix_pair();
    EXPECT_EQ(remote_end(pair.ours.descriptor()).to_string(), "unix:");
    EXPECT_EQ(remote_end(pair.ours.descriptor()).host(), "localhost");
}

TEST(Endpoint, TheEndsOfAConnectionAreEachOthers) {
    auto const pair = test::tcp_pair();
    EXPECT_EQ(local_end(pair.ours.descriptor()).to_string(),
              remote_end(pair.peers.descriptor()).to_string());
    EXPECT_EQ(remote_end(pair.ours.descriptor()).to_string(),
              local_end(pair.peers.descriptor()).to_string());
    EXPECT_EQ(local_end(pair.ours.descriptor()).host(), "127.0.0.1");
}

TEST(Endpoint, OfADescriptorThatIsNoSocketHasNoSize) {
    EXPECT_EQ(local_end(-1).size(), 0U);
}

TEST(Resolve, FindsLocalhost) {
    EXPECT_EQ(resolved(test::tcp_address("127.0.0.1", 1)).to_string(), "127.0.0.1:1");
}

TEST(Resolve, GivesTheResolversWordsForANameThatCannotBe) {
    std::string why;
    auto const found = resolve(test::tcp_address("not a name", 1), why);
    EXPECT_EQ(found.error(), Errc::network);
    EXPECT_NE(why, "");
}

}  // namespace
}  // namespace sallyport::gateway
