// The relay between two TLS legs: records however they come, and ends that cannot be forged.
#include "support/memory_client.hpp"
#include "support/tls_ends.hpp"
#include "unit/gateway/relay_fixture.hpp"

namespace sallyport::gateway::test {
namespace {

class TlsRelay : public testing::Test {
 protected:
    TlsRelay() {
        auto const served = loop_.start(front_.handshake(context_->make_ssl()));
        client_.shake(loop_, wire_);
        loop_.wait(served).value();
        client_.open();  // the session ticket
        if (!back_connection_.shake(loop_, context_->make_ssl(), client_ssl()))
            throw std::runtime_error("no handshake on the back leg");
        relay_.emplace(Relay::Legs{front_, back_connection_.client}, scratch_,
                       std::chrono::hours(1), watch_, events_);
        ending_ = loop_.start(run(*relay_));
        write_text(loop_, database_, as_text(ok_packet()));
        loop_.until([&] { return events_.logins == 1; });
        client_.give(wire_.receive(loop_, 1));
        client_.open();
    }

    static tls::SslPtr client_ssl() {
        return back_context()->make_ssl(wish_for("db.example")).value();
    }
    error_code end_at_database() {
        Buffer byte(1);
        return loop_.run(database_.read_exact(byte)).error();
    }
    Errc ending_reason() {
        database_.finish(true);
        return loop_.wait(ending_).reason;
    }

    Loop loop_;
    tls::TicketKeys tickets_;
    std::shared_ptr<tls::FrontContext> context_ =
        tls::FrontContext::make(front_settings(), tickets_).value();
    SocketPair front_pair_ = unix_pair();
    RawSocket& wire_ = front_pair_.peers;
    tls::Stream front_{*loop_, front_pair_.ours.release()};
    MemoryClient client_{client_ssl()};
    Connection back_connection_{loop_, unix_pair()};
    tls::Stream& database_ = back_connection_.server;
    Buffer scratch_ = Buffer(64 * 1024);
    Events events_;
    MysqlWatch watch_{mysql::LoginWatch(2, 2), mysql::CommandWatch(false, {}), events_};
    std::optional<Relay> relay_;
    Pending<Ending> ending_;
};

TEST_F(TlsRelay, PassesBytesBothWays) {
    wire_.send(client_.say(as_text(query("select 1"))).take());
    EXPECT_EQ(read_text(loop_, database_, query("select 1").size()), as_text(query("select 1")));
    write_text(loop_, database_, "one row");
    client_.give(wire_.receive(loop_, 1));
    EXPECT_EQ(as_text(client_.open()), "one row");
}

TEST_F(TlsRelay, PassesSeveralRecordsOfOneSegment) {
    wire_.send(client_.say(as_text(query("begin"))).say(as_text(query("commit"))).take());
    auto const both = query("begin") + query("commit");
    EXPECT_EQ(read_text(loop_, database_, both.size()), as_text(both));
}

TEST_F(TlsRelay, RestsWhileARecordIsOnlyHalfThere) {
    auto const record = client_.say(as_text(query("select 1"))).take();
    wire_.send(Bytes(record).first(record.size() - 1));
    EXPECT_TRUE(loop_.settle()) << "the relay turns and turns";
    wire_.send(Bytes(record).last(1));
    EXPECT_EQ(read_text(loop_, database_, query("select 1").size()), as_text(query("select 1")));
}

TEST_F(TlsRelay, RestsWhileARecordsHeaderIsOnlyHalfThere) {
    auto const record = client_.say(as_text(query("select 1"))).take();
    wire_.send(Bytes(record).first(2));
    EXPECT_TRUE(loop_.settle()) << "the relay turns and turns";
}

TEST_F(TlsRelay, PassesALargePacketWhole) {
    auto const large = large_query(1024 * 1024);
    Buffer sealed;
    std::size_t sent = 0;
    sealed = client_.say(as_text(large)).take();
    Buffer got(large.size());
    auto const reading = loop_.start(database_.read_exact(got));
    loop_.until([&] {
        sent += wire_.send_some(Bytes(sealed).subspan(sent));
        loop_.settle();
        return reading->has_value();
    });
    EXPECT_TRUE(got == large);
}

TEST_F(TlsRelay, AClientThatDoesNotReadPausesTheDatabaseAndLosesNothing) {
    std::string const rows(4 * 1024 * 1024, 'r');
    auto const writing = loop_.start(database_.write_all(as_bytes(rows)));
    EXPECT_TRUE(loop_.settle());
    ASSERT_FALSE(writing->has_value());
    EXPECT_LT(relay_->bytes_out(), rows.size());
    std::size_t got = 0;
    loop_.until([&] {
        client_.give(wire_.receive(loop_, 1));
        got += client_.open().size();
        return got >= rows.size();
    });
    EXPECT_TRUE(loop_.wait(writing));
}

TEST_F(TlsRelay, PassesAClientsCloseNotifyOn) {
    wire_.send(client_.say_goodbye().take());
    EXPECT_EQ(end_at_database(), Errc::peer_closed);
    EXPECT_EQ(ending_reason(), Errc::peer_closed);
}

TEST_F(TlsRelay, GivesTheDatabaseABareFinWhereTheClientVanished) {
    wire_.close();
    EXPECT_EQ(end_at_database(), Errc::peer_vanished);
    EXPECT_EQ(ending_reason(), Errc::peer_vanished);
}

TEST_F(TlsRelay, GivesTheDatabaseABareFinWhereTheClientsRecordsAreForged) {
    auto record = client_.say(as_text(query("select 1"))).take();
    record.back() ^= std::byte{1};
    wire_.send(record);
    EXPECT_EQ(end_at_database(), Errc::peer_vanished);
    EXPECT_EQ(ending_reason(), Errc::tls_failed);
}

TEST_F(TlsRelay, PassesTheDatabasesCloseNotifyOn) {
    database_.finish(true);
    client_.give(wire_.receive_to_end(loop_));
    client_.open();
    EXPECT_TRUE(client_.heard_goodbye());
}

TEST_F(TlsRelay, GivesTheClientABareFinWhereTheDatabaseVanished) {
    database_.finish(false);
    client_.give(wire_.receive_to_end(loop_));
    client_.open();
    EXPECT_FALSE(client_.heard_goodbye());
}

}  // namespace
}  // namespace sallyport::gateway::test
