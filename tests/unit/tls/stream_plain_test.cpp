// A stream before TLS: exact reads, ends, and being hung up.
#include "support/sockets.hpp"
#include "tls/stream.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::tls {
namespace {

class PlainStream : public testing::Test {
 protected:
    std::string read(std::size_t size) {
        Buffer bytes(size);
        loop_.run(stream_.read_exact(bytes)).value();
        return std::string(as_text(bytes));
    }
    Result<std::size_t> try_read() {
        Buffer bytes(100);
        return stream_.try_read(bytes);
    }
    /// Some bytes, or how they ended.
    Result<std::size_t> wait_and_read() {
        Result<std::size_t> got = Errc::would_block;
        loop_.until([&] { return (got = try_read()) || got.error() != Errc::would_block; });
        return got;
    }

    test::Loop loop_;
    test::SocketPair pair_ = test::unix_pair();
    test::RawSocket& peer_ = pair_.peers;
    Stream stream_{*loop_, pair_.ours.release()};
};

TEST_F(PlainStream, ReadExactTakesNotOneByteMore) {
    peer_.send(as_bytes("helloTLS"));
    EXPECT_EQ(read(5), "hello");
    // The rest belongs to whoever reads next.
    EXPECT_EQ(stream_.socket().peek().value(), std::byte{'T'});
    EXPECT_EQ(read(3), "TLS");
}

TEST_F(PlainStream, ReadExactWaitsForWhatIsMissing) {
    Buffer bytes(6);
    auto const reading = loop_.start(stream_.read_exact(bytes));
    for (auto const* const part : {"a", "bc", "def"}) {
        loop_.settle();
        EXPECT_FALSE(reading->has_value());
        peer_.send(as_bytes(part));
    }
    ASSERT_TRUE(loop_.wait(reading));
    EXPECT_EQ(as_text(bytes), "abcdef");
}

TEST_F(PlainStream, ReadExactOfNothingIsDoneAtOnce) {
    EXPECT_TRUE(loop_.run(stream_.read_exact({})));
}

TEST_F(PlainStream, ReadExactFailsWhereThePeerFinishesShort) {
    Buffer bytes(6);
    peer_.send(as_bytes("abc"));
    peer_.close();
    EXPECT_EQ(loop_.run(stream_.read_exact(bytes)).error(), Errc::peer_closed);
}

TEST_F(PlainStream, NothingToReadWouldBlock) {
    EXPECT_EQ(try_read().error(), Errc::would_block);
    EXPECT_FALSE(stream_.may_have_more());
}

TEST_F(PlainStream, AReadThatTookAllLeavesNothingMore) {
    peer_.send(as_bytes("abc"));
    EXPECT_EQ(wait_and_read().value(), 3U);
    EXPECT_FALSE(stream_.may_have_more());
    peer_.send(as_bytes("d"));
    loop_.until([&] { return stream_.may_have_more(); });
    EXPECT_EQ(try_read().value(), 1U);
}

TEST_F(PlainStream, AFinishBehindDataIsSeenAfterTheData) {
    peer_.send(as_bytes("abc"));
    peer_.close();
    loop_.settle();
    EXPECT_EQ(wait_and_read().value(), 3U);
    EXPECT_TRUE(stream_.may_have_more());
    EXPECT_EQ(wait_and_read().error(), Errc::peer_closed);
}

TEST_F(PlainStream, AFinishThatComesAfterTheLastByteWasReadIsSeen) {
    peer_.send(as_bytes("abc"));
    EXPECT_EQ(wait_and_read().value(), 3U);
    peer_.close();
    EXPECT_EQ(wait_and_read().error(), Errc::peer_closed);
}

TEST_F(PlainStream, WriteAllWaitsForAReaderThatIsSlow) {
    Buffer const bytes(4 * 1024 * 1024, std::byte{'x'});
    auto const writing = loop_.start(stream_.write_all(bytes));
    loop_.settle();
    EXPECT_FALSE(writing->has_value());
    EXPECT_EQ(peer_.receive(loop_, bytes.size()), bytes);
    EXPECT_TRUE(loop_.wait(writing));
}

TEST_F(PlainStream, ASocketThatIsFullWouldBlock) {
    Buffer const bytes(64 * 1024);
    Result<std::size_t> sent = 0;
    while (sent) sent = stream_.try_write(bytes);
    EXPECT_EQ(sent.error(), Errc::would_block);
}

TEST_F(PlainStream, WritingToAPeerThatIsGoneSaysSoAndRaisesNoSignal) {
    peer_.close();
    // Where a socket takes bytes before the kernel does, it is the next write that is told.
    Result<void> written;
    loop_.until([&] { return !(written = loop_.run(stream_.write_all(as_bytes("abc")))); });
    EXPECT_EQ(written.error(), Errc::peer_vanished);
}

TEST_F(PlainStream, FinishSendsAFinAndStillReads) {
    stream_.finish(true);
    EXPECT_TRUE(peer_.receive().empty());
    EXPECT_TRUE(peer_.at_end());
    peer_.send(as_bytes("late"));
    EXPECT_EQ(read(4), "late");
}

TEST_F(PlainStream, HangUpWakesAReader) {
    Buffer bytes(1);
    auto const reading = loop_.start(stream_.read_exact(bytes));
    loop_.settle();
    stream_.socket().hang_up();
    EXPECT_FALSE(loop_.wait(reading));
    EXPECT_TRUE(stream_.socket().hung_up());
}

TEST_F(PlainStream, HangUpWakesAWriter) {
    Buffer const bytes(4 * 1024 * 1024);
    auto const writing = loop_.start(stream_.write_all(bytes));
    loop_.settle();
    stream_.socket().hang_up();
    EXPECT_EQ(loop_.wait(writing).error(), Errc::peer_vanished);
}

TEST_F(PlainStream, HangingUpTwiceIsHarmless) {
    stream_.socket().hang_up();
    stream_.socket().hang_up();
    EXPECT_TRUE(loop_.settle());
}

TEST_F(PlainStream, HasNoPeerAndNoGoodbye) {
    EXPECT_FALSE(stream_.is_tls());
    EXPECT_TRUE(stream_.peer().version.empty());
    EXPECT_EQ(stream_.peer().certificate, nullptr);
}

TEST(TcpStream, AResetIsAPeerThatVanished) {
    test::Loop loop;
    auto pair = test::tcp_pair();
    Stream stream(*loop, pair.ours.release());
    pair.peers.reset();
    Buffer bytes(1);
    EXPECT_EQ(loop.run(stream.read_exact(bytes)).error(), Errc::peer_vanished);
}

}  // namespace
}  // namespace sallyport::tls
