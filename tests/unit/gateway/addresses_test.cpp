// Listening sockets: bound once, handed over, closed by the last who needs them.
#include "gateway/addresses.hpp"

#include "gateway/endpoint.hpp"
#include "support/addresses.hpp"
#include "support/sockets.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

class AddressesTest : public testing::Test {
 protected:
    /// A client at the socket; false where nobody listens.
    bool call() {
        auto const endpoints = resolve(address_, why_);
        test::RawSocket client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto const& endpoint = endpoints->front();
        bool const is_heard = ::connect(client.descriptor(), endpoint.get(), endpoint.size()) == 0;
        clients_.push_back(std::move(client));
        return is_heard;
    }
    static Listener::Accepted count_in(int& count) {
        return [&count](int descriptor) {
            ::close(descriptor);
            ++count;
        };
    }
    static std::uint16_t port_of(test::TcpListener const& listener) {
        return ntohs(listener.endpoint().sin_port);
    }
    void settle() {
        context_.restart();
        while (context_.poll_one() > 0) continue;
    }

    pki::test::TemporaryDirectory directory_;
    config::Address address_ = test::unix_address((directory_.path() / "door").string());
    boost::asio::io_context context_{1};
    Addresses addresses_{context_};
    std::vector<test::RawSocket> clients_;
    std::string why_;
};

TEST_F(AddressesTest, ASocketIsHandedOverWithoutAGap) {
    auto const door = addresses_.listen(address_).value();
    int at_door = 0;
    int at_console = 0;
    door->start(count_in(at_door));
    ASSERT_TRUE(call());
    settle();
    EXPECT_EQ(at_door, 1);

    auto console = addresses_.listen(address_).value();
    EXPECT_EQ(console, door);
    // Asked for, and not taken over yet.
    ASSERT_TRUE(call());
    settle();
    EXPECT_EQ(at_door, 2);

    ASSERT_TRUE(call());
    console->start(count_in(at_console));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(call());
    settle();
    EXPECT_EQ(at_door, 2);
    EXPECT_EQ(at_console, 4);
}

TEST_F(AddressesTest, TheLastWhoLetsGoClosesIt) {
    auto door = addresses_.listen(address_).value();
    auto console = addresses_.listen(address_).value();
    door.reset();
    EXPECT_TRUE(call());
    console.reset();
    EXPECT_FALSE(call());
    door = addresses_.listen(address_).value();
    EXPECT_TRUE(call());
}

TEST_F(AddressesTest, OursThatAreInTheWayAreTold) {
    auto const free = port_of(test::TcpListener());
    auto const here = test::tcp_address("127.0.0.1", free);
    auto const held = addresses_.listen(here).value();
    auto const fault = addresses_.listen(test::tcp_address("0.0.0.0", free)).error();
    EXPECT_EQ(fault.code, Errc::address_in_use);
    EXPECT_EQ(fault.hint, "sallyport itself listens on " + here.to_string() +
                              ": move to another port first and here with the next reload, or "
                              "restart");
    test::TcpListener const others;
    EXPECT_EQ(addresses_.listen(test::tcp_address("127.0.0.1", port_of(others))).error().hint,
              "stop the other program, or choose another address");
}

}  // namespace
}  // namespace sallyport::gateway
