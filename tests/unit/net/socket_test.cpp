// A socket's life around its bytes: connecting, readiness, and leaving the loop.
#include "net/socket.hpp"

#include "support/sockets.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

namespace sallyport::net {
namespace {

struct Counter final : ReadyHandler {
    void on_ready() override { ++calls; }
    int calls = 0;
};

/// Sends to a peer that reads nothing, until that is no longer taken; how much was.
std::size_t send_until_full(test::Loop& loop, Socket& socket) {
    Buffer const part(32 * 1024, std::byte{'x'});
    std::size_t sent = 0;
    for (auto taken = socket.send(part); taken; taken = socket.send(part)) {
        sent += *taken;
        loop.settle();
    }
    return sent;
}

TEST(Socket, ConnectsToAListener) {
    test::Loop loop;
    test::TcpListener const listener;
    auto const socket = loop->adopt(test::tcp_socket().release());
    EXPECT_TRUE(loop.run(socket->connect(listener.address(), listener.address_size())));
    EXPECT_TRUE(socket->send(as_bytes("x")));
    auto accepted = listener.accept();
    EXPECT_EQ(accepted.receive(loop, 1).size(), 1U);
}

TEST(Socket, ReceivesWhatTheListenerSaysFirst) {
    test::Loop loop;
    test::TcpListener const listener;
    auto const socket = loop->adopt(test::tcp_socket().release());
    auto const connecting =
        loop.start(socket->connect(listener.address(), listener.address_size()));
    ASSERT_TRUE(loop.wait(connecting));
    auto const accepted = listener.accept();
    accepted.send(as_bytes("hello"));
    Buffer bytes(5);
    Result<std::size_t> got = Errc::would_block;
    loop.until([&] { return (got = socket->receive(bytes)).has_value(); });
    EXPECT_EQ(*got, 5U);
}

TEST(Socket, SaysInTheSystemsWordsThatNobodyListens) {
    test::Loop loop;
    // The port was free a moment ago, and the listener that had it is gone.
    auto const address = test::TcpListener().endpoint();
    auto const socket = loop->adopt(test::tcp_socket().release());
    auto const connected =
        loop.run(socket->connect(reinterpret_cast<sockaddr const*>(&address), sizeof address));
    EXPECT_EQ(connected.error(), boost::system::errc::connection_refused);
}

TEST(Socket, HangUpWakesOneThatIsConnecting) {
    test::Loop loop;
    // A listener whose queue is full answers no more: the next connection hangs.
    test::TcpListener const listener(0);
    std::vector<test::RawSocket> queued;
    constexpr int more_than_the_queue = 4;
    for (int i = 0; i < more_than_the_queue; ++i)
        listener.dial(queued.emplace_back(test::tcp_socket()));
    auto const socket = loop->adopt(test::tcp_socket().release());
    auto const connecting =
        loop.start(socket->connect(listener.address(), listener.address_size()));
    loop.settle();
    ASSERT_FALSE(connecting->has_value());
    socket->hang_up();
    EXPECT_EQ(loop.wait(connecting).error(), Errc::timed_out);
}

TEST(Socket, TellsItsHandlerOfBytesThatNobodyWaitsFor) {
    test::Loop loop;
    auto pair = test::unix_pair();
    auto const socket = loop->adopt(pair.ours.release());
    loop.settle();
    Counter counter;
    socket->notify(&counter);
    pair.peers.send(as_bytes("x"));
    loop.until([&] { return counter.calls > 0; });
    EXPECT_TRUE(socket->may_be_readable());
}

TEST(Socket, TellsNobodyAfterTheHandlerWasTakenAway) {
    test::Loop loop;
    auto pair = test::unix_pair();
    auto const socket = loop->adopt(pair.ours.release());
    loop.settle();
    Counter counter;
    socket->notify(&counter);
    socket->notify(nullptr);
    pair.peers.send(as_bytes("x"));
    loop.settle();
    EXPECT_EQ(counter.calls, 0);
}

TEST(Socket, ASecondEdgeComesOnlyAfterNewBytes) {
    test::Loop loop;
    auto pair = test::unix_pair();
    auto const socket = loop->adopt(pair.ours.release());
    loop.settle();
    Counter counter;
    socket->notify(&counter);
    pair.peers.send(as_bytes("x"));
    loop.settle();
    EXPECT_EQ(counter.calls, 1);
    pair.peers.send(as_bytes("y"));
    loop.settle();
    EXPECT_EQ(counter.calls, 2);
}

TEST(Socket, WhatWasSentComesBeforeTheEndThatFollowsAtOnce) {
    for (int const way : {1, 2, 3}) {
        test::Loop loop;
        auto pair = test::unix_pair();
        auto socket = loop->adopt(pair.ours.release());
        ASSERT_EQ(socket->send(as_bytes("last words")).value(), 10U);
        if (way == 1) socket->finish_sending();
        if (way == 2) socket->hang_up();
        if (way == 3) socket.reset();
        EXPECT_EQ(as_text(pair.peers.receive_to_end(loop)), "last words");
    }
}

TEST(Socket, AnEndWaitsForWhatTheKernelHasNotTakenYet) {
    test::Loop loop;
    auto pair = test::unix_pair();
    auto const socket = loop->adopt(pair.ours.release());
    auto const sent = send_until_full(loop, *socket);
    socket->finish_sending();
    EXPECT_EQ(pair.peers.receive_to_end(loop).size(), sent);
}

TEST(Socket, TakesAGoodbyeThoughThePeerHasNotReadTheRest) {
    test::Loop loop;
    auto pair = test::unix_pair();
    auto const socket = loop->adopt(pair.ours.release());
    auto const before = send_until_full(loop, *socket);
    socket->expect_goodbye();
    auto const said = socket->send(as_bytes("goodbye"));
    socket->finish_sending();
    auto const got = pair.peers.receive_to_end(loop);
    EXPECT_EQ(got.size(), before + (said ? 7 : 0));
    // epoll's kernel may be full, and a goodbye is not waited for; a socket that takes more than
    // the kernel does must not lose one for that.
    if (test::io_method() == IoMethod::io_uring) {
        EXPECT_TRUE(said);
        EXPECT_EQ(as_text(Bytes(got).last(7)), "goodbye");
    }
}

TEST(Socket, TakesAGoodbyeBehindAsMuchAsItTakes) {
    test::Loop loop;
    auto pair = test::unix_pair();
    auto const socket = loop->adopt(pair.ours.release());
    // In one turn, so that nothing of it is on its way yet.
    Buffer const much(1024 * 1024, std::byte{'x'});
    auto const before = socket->send(much).value();
    socket->expect_goodbye();
    auto const said = socket->send(as_bytes("goodbye"));
    socket->finish_sending();
    EXPECT_EQ(said.has_value(), test::io_method() == IoMethod::io_uring);
    EXPECT_EQ(pair.peers.receive_to_end(loop).size(), before + (said ? 7 : 0));
}

TEST(Socket, TellsWhenItTakesMoreAgain) {
    test::Loop loop;
    auto pair = test::unix_pair();
    auto const socket = loop->adopt(pair.ours.release());
    send_until_full(loop, *socket);
    Counter counter;
    socket->notify(&counter);
    loop.until([&] {
        pair.peers.receive();
        loop.settle();
        return counter.calls > 0 && socket->send(as_bytes("more")).has_value();
    });
}

TEST(Socket, ClosesItsDescriptorAtTheEnd) {
    test::Loop loop;
    auto pair = test::unix_pair();
    { auto const socket = loop->adopt(pair.ours.release()); }
    pair.peers.receive();
    EXPECT_TRUE(pair.peers.at_end());
}

/// Destroys another socket when it is told of an edge.
struct Killer final : ReadyHandler {
    explicit Killer(std::unique_ptr<Socket>& other) : victim(other) {}
    void on_ready() override { victim.reset(); }
    std::unique_ptr<Socket>& victim;
};

TEST(Socket, CallsNoSocketThatIsGoneThoughItsEdgeWasCollected) {
    test::Loop loop;
    std::array pairs{test::unix_pair(), test::unix_pair()};
    auto first = loop->adopt(pairs[0].ours.release());
    auto second = loop->adopt(pairs[1].ours.release());
    loop.settle();
    // Each would destroy the other: whichever edge is served first, the other one's must not be.
    Killer kills_second(second);
    Killer kills_first(first);
    first->notify(&kills_second);
    second->notify(&kills_first);
    for (auto const& pair : pairs) pair.peers.send(as_bytes("x"));
    loop.settle();
    EXPECT_NE(first == nullptr, second == nullptr);
}

}  // namespace
}  // namespace sallyport::net
