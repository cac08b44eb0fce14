// Sockets beside each other: what one leaves unread, sends without end, or is destroyed with, takes
// nothing from the others.
#include "net/ring.hpp"
#include "support/sockets.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace sallyport::net {
namespace {

struct Reader final : ReadyHandler {
    explicit Reader(Socket& from) : socket(from) { socket.notify(this); }
    void on_ready() override {
        Buffer part(4096);
        for (;;) {
            auto const got = socket.receive(part);
            if (!got) {
                if (got.error() != Errc::would_block && !end) end = got.error();
                return;
            }
            bytes.insert(bytes.end(), part.begin(),
                         part.begin() + static_cast<std::ptrdiff_t>(*got));
        }
    }
    Socket& socket;
    Buffer bytes;
    error_code end;
};

/// Takes nothing that comes.
struct Sluggard final : ReadyHandler {
    void on_ready() override {}
};

TEST(ManySockets, EachGetsItsOwnBytes) {
    test::Loop loop;
    constexpr std::size_t many = 3 * Ring::buffer_count;
    std::vector<test::SocketPair> pairs;
    std::vector<std::unique_ptr<Socket>> sockets;
    std::vector<std::unique_ptr<Reader>> readers;
    for (std::size_t i = 0; i < many; ++i) {
        auto& pair = pairs.emplace_back(test::unix_pair());
        sockets.push_back(loop->adopt(pair.ours.release()));
        readers.push_back(std::make_unique<Reader>(*sockets.back()));
    }
    loop.settle();
    // All before the loop is served: more than it has buffers for.
    for (std::size_t i = 0; i < many; ++i)
        pairs[i].peers.send(Buffer(1 + i, static_cast<std::byte>(i)));
    for (std::size_t i = 0; i < many; ++i) {
        loop.until([&] { return readers[i]->bytes.size() >= 1 + i; });
        EXPECT_EQ(readers[i]->bytes, Buffer(1 + i, static_cast<std::byte>(i)));
    }
}

TEST(ManySockets, OneThatReadsNothingTakesNoRoomFromAnother) {
    test::Loop loop;
    auto slow = test::unix_pair();
    auto quick = test::unix_pair();
    auto const sluggish = loop->adopt(slow.ours.release());
    auto const reading = loop->adopt(quick.ours.release());
    Sluggard sluggard;
    sluggish->notify(&sluggard);
    Reader reader(*reading);
    Buffer const much(64 * 1024, std::byte{'x'});
    for (int i = 0; i < 100; ++i) {
        slow.peers.send_some(much);
        quick.peers.send(as_bytes("y"));
        loop.until([&] { return reader.bytes.size() == static_cast<std::size_t>(i) + 1; });
    }
    EXPECT_TRUE(sluggish->may_be_readable());
}

TEST(ManySockets, APeerOfOneThatReadsNothingIsStopped) {
    test::Loop loop;
    auto pair = test::unix_pair();
    auto const socket = loop->adopt(pair.ours.release());
    Sluggard sluggard;
    socket->notify(&sluggard);
    Buffer const part(16 * 1024, std::byte{'x'});
    constexpr std::size_t far_too_much = 64 * 1024 * 1024;
    std::size_t sent = 0;
    for (std::size_t more = 1; more > 0 && sent < far_too_much; sent += more) {
        more = pair.peers.send_some(part);
        loop.settle();
    }
    EXPECT_LT(sent, far_too_much);
    // And goes on where it was when it is read at last.
    Buffer into(32 * 1024);
    std::size_t got = 0;
    loop.until([&] {
        auto const some = socket->receive(into);
        if (some) got += *some;
        return got >= sent;
    });
    EXPECT_EQ(got, sent);
}

TEST(ManySockets, OneThatGoesWithBytesUnreadLeavesTheOthersTheirs) {
    test::Loop loop;
    // As often as it takes to lose every buffer, if one were lost each time.
    for (std::size_t i = 0; i < 2 * Ring::buffer_count; ++i) {
        auto pair = test::unix_pair();
        Sluggard sluggard;
        auto const socket = loop->adopt(pair.ours.release());
        socket->notify(&sluggard);
        pair.peers.send(as_bytes("never read"));
        loop.settle();
    }
    auto pair = test::unix_pair();
    auto const socket = loop->adopt(pair.ours.release());
    Reader reader(*socket);
    pair.peers.send(as_bytes("read"));
    loop.until([&] { return reader.bytes.size() == 4; });
}

TEST(ManySockets, BytesBeforeAnEndComeBeforeIt) {
    test::Loop loop;
    auto pair = test::tcp_pair();
    auto const socket = loop->adopt(pair.ours.release());
    pair.peers.send(as_bytes("last words"));
    pair.peers.close();
    Reader reader(*socket);
    loop.until([&] {
        reader.on_ready();
        return static_cast<bool>(reader.end);
    });
    EXPECT_EQ(as_text(reader.bytes), "last words");
    EXPECT_EQ(reader.end, Errc::peer_closed);
}

TEST(ManySockets, AResetIsToldFromAnEnd) {
    test::Loop loop;
    auto pair = test::tcp_pair();
    auto const socket = loop->adopt(pair.ours.release());
    Reader reader(*socket);
    loop.settle();
    pair.peers.reset();
    loop.until([&] {
        reader.on_ready();
        return static_cast<bool>(reader.end);
    });
    EXPECT_EQ(reader.end, Errc::peer_vanished);
}

}  // namespace
}  // namespace sallyport::net
