// A stream inside TLS: records however they are cut, both kinds of end, and rest in between.
#include "support/memory_client.hpp"
#include "support/script.hpp"
#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

namespace sallyport::tls {
namespace {

using test::operator+;

/// A server whose client the test speaks for, record by record.
class TlsStream : public testing::Test {
 protected:
    TlsStream() {
        auto const served = loop_.start(stream_.handshake(context_->make_ssl()));
        client_.shake(loop_, peer_);
        loop_.wait(served).value();
        client_.open();  // the session ticket
    }

    Result<std::size_t> try_read() {
        Buffer bytes(100);
        return stream_.try_read(bytes);
    }
    /// Waits for the first byte; then reads as long as there may be more, `size` bytes at a time.
    std::string read_all(std::size_t size) {
        std::string all;
        loop_.until([&] {
            while (stream_.may_have_more()) {
                Buffer part(size);
                auto const got = stream_.try_read(part);
                if (!got) break;
                all += as_text(Bytes(part).first(*got));
            }
            return !all.empty();
        });
        return all;
    }
    /// What the client finds when it reads on.
    std::string opened() {
        client_.give(peer_.receive(loop_, 1));
        return std::string(as_text(client_.open()));
    }

    test::Loop loop_;
    TicketKeys tickets_;
    std::shared_ptr<FrontContext> context_ =
        FrontContext::make(test::front_settings(), tickets_).value();
    test::SocketPair pair_ = test::unix_pair();
    test::RawSocket& peer_ = pair_.peers;
    Stream stream_{*loop_, pair_.ours.release()};
    test::MemoryClient client_{
        test::back_context()->make_ssl(test::wish_for("db.example")).value()};
};

TEST_F(TlsStream, TwoRecordsOfOneSegmentNeedNoSecondEdge) {
    peer_.send(client_.say("first").say("second").take());
    EXPECT_EQ(read_all(100), "firstsecond");
}

TEST_F(TlsStream, WhatOpenSslHasDecryptedNeedsNoSecondEdge) {
    peer_.send(client_.say("a long record").say("and another").take());
    EXPECT_EQ(read_all(2), "a long recordand another");
}

TEST_F(TlsStream, ReadExactFindsWhatOpenSslHasReadAhead) {
    peer_.send(client_.say("first").say("second").take());
    EXPECT_EQ(test::read_text(loop_, stream_, 2), "fi");
    EXPECT_EQ(test::read_text(loop_, stream_, 9), "rstsecond");
}

TEST_F(TlsStream, ARecordMayComeByteByByte) {
    Buffer bytes(5);
    auto const reading = loop_.start(stream_.read_exact(bytes));
    for (std::byte const byte : client_.say("hello").take()) {
        EXPECT_FALSE(reading->has_value());
        peer_.send(Bytes(&byte, 1));
        ASSERT_TRUE(loop_.settle());
    }
    loop_.wait(reading).value();
    EXPECT_EQ(as_text(bytes), "hello");
}

TEST_F(TlsStream, NothingToReadWouldBlock) {
    EXPECT_EQ(try_read().error(), Errc::would_block);
    EXPECT_FALSE(stream_.may_have_more());
}

TEST_F(TlsStream, HalfARecordWouldBlock) {
    auto const record = client_.say("hello").take();
    peer_.send(Bytes(record).first(record.size() - 1));
    loop_.settle();
    EXPECT_EQ(try_read().error(), Errc::would_block);
    peer_.send(Bytes(record).last(1));
    EXPECT_EQ(test::read_text(loop_, stream_, 5), "hello");
}

TEST_F(TlsStream, HalfARecordsHeaderWouldBlock) {
    auto const record = client_.say("hello").take();
    peer_.send(Bytes(record).first(3));
    loop_.settle();
    EXPECT_EQ(try_read().error(), Errc::would_block);
    peer_.send(Bytes(record).subspan(3));
    EXPECT_EQ(test::read_text(loop_, stream_, 5), "hello");
}

TEST_F(TlsStream, ARecordBehindHalfOfOneIsNotForgotten) {
    auto const record = client_.say("hello").take();
    peer_.send(Bytes(record).first(7));
    loop_.settle();
    EXPECT_EQ(try_read().error(), Errc::would_block);
    peer_.send(Buffer(record.begin() + 7, record.end()) + client_.say(" world").take());
    EXPECT_EQ(test::read_text(loop_, stream_, 11), "hello world");
}

TEST_F(TlsStream, CloseNotifyIsACleanEnd) {
    peer_.send(client_.say_goodbye().take());
    peer_.close();
    loop_.settle();
    EXPECT_EQ(try_read().error(), Errc::peer_closed);
}

TEST_F(TlsStream, CloseNotifyWithoutAFinIsACleanEndToo) {
    peer_.send(client_.say_goodbye().take());
    loop_.settle();
    EXPECT_EQ(try_read().error(), Errc::peer_closed);
}

TEST_F(TlsStream, ABareFinIsAPeerThatVanished) {
    peer_.finish_sending();
    loop_.settle();
    EXPECT_EQ(try_read().error(), Errc::peer_vanished);
}

TEST_F(TlsStream, ABareFinInTheMiddleOfARecordIsAPeerThatVanished) {
    auto const record = client_.say("hello").take();
    peer_.send(Bytes(record).first(9));
    peer_.finish_sending();
    loop_.settle();
    EXPECT_EQ(try_read().error(), Errc::peer_vanished);
}

TEST_F(TlsStream, DataBeforeTheGoodbyeIsReadFirst) {
    peer_.send(client_.say("last words").say_goodbye().take());
    peer_.close();
    EXPECT_EQ(test::read_text(loop_, stream_, 10), "last words");
    EXPECT_TRUE(stream_.may_have_more());
    EXPECT_EQ(try_read().error(), Errc::peer_closed);
}

TEST_F(TlsStream, BytesThatAreNoRecordAreMalformed) {
    peer_.send(Buffer(32, std::byte{0x16}));
    loop_.settle();
    EXPECT_EQ(try_read().error(), Errc::tls_failed);
    EXPECT_NE(stream_.tls_error(), "");
}

TEST_F(TlsStream, ARecordThatWasTamperedWithIsMalformed) {
    auto record = client_.say("hello").take();
    record.back() ^= std::byte{1};
    peer_.send(record);
    loop_.settle();
    EXPECT_EQ(try_read().error(), Errc::tls_failed);
}

TEST_F(TlsStream, FinishWithAGoodbyeSendsCloseNotifyAndFin) {
    stream_.finish(true);
    client_.give(peer_.receive_to_end(loop_));
    client_.open();
    EXPECT_TRUE(client_.heard_goodbye());
}

TEST_F(TlsStream, FinishWithoutAGoodbyeSendsABareFin) {
    stream_.finish(false);
    client_.give(peer_.receive_to_end(loop_));
    client_.open();
    EXPECT_FALSE(client_.heard_goodbye());
}

TEST_F(TlsStream, StillReadsAfterItsOwnGoodbye) {
    stream_.finish(true);
    peer_.send(client_.say("late").take());
    EXPECT_EQ(test::read_text(loop_, stream_, 4), "late");
}

TEST_F(TlsStream, AWriteThatIsPutOffGoesOnWithTheSameBytes) {
    std::string const text(2 * 1024 * 1024, 'x');
    auto const writing = loop_.start(stream_.write_all(as_bytes(text)));
    std::string got;
    loop_.until([&] {
        got += opened();
        return got.size() >= text.size();
    });
    EXPECT_TRUE(loop_.wait(writing));
    EXPECT_EQ(got, text);
}

TEST_F(TlsStream, WritingToAPeerThatIsGoneIsAPeerThatVanished) {
    peer_.close();
    // Where a socket takes bytes before the kernel does, it is the next write that is told.
    Result<void> written;
    loop_.until([&] { return !(written = loop_.run(stream_.write_all(as_bytes("abc")))); });
    EXPECT_EQ(written.error(), Errc::peer_vanished);
}

}  // namespace
}  // namespace sallyport::tls
