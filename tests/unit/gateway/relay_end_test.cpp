// How a relay ends: goodbyes, those who vanish, refusals, clocks.
#include "unit/gateway/relay_fixture.hpp"

namespace sallyport::gateway::test {
namespace {

TEST_F(PlainRelay, PassesAClientsGoodbyeOn) {
    start_logged_in();
    client_.finish_sending();
    EXPECT_TRUE(database_.receive_to_end(loop_).empty());
    database_.close();
    client_.receive_to_end(loop_);
    expect_ending(Leg::front, Stage::relay, Errc::peer_closed);
}

TEST_F(PlainRelay, PassesADatabasesGoodbyeOn) {
    start_logged_in();
    database_.finish_sending();
    client_.receive_to_end(loop_);
    client_.close();
    expect_ending(Leg::back, Stage::relay, Errc::peer_closed);
}

TEST_F(PlainRelay, StillPassesTheAnswerAfterTheClientsGoodbye) {
    start_logged_in();
    client_.send(query("select 1"));
    client_.finish_sending();
    EXPECT_EQ(database_.receive_to_end(loop_), query("select 1"));
    database_.send(as_bytes("one row"));
    database_.close();
    EXPECT_EQ(as_text(client_.receive_to_end(loop_)), "one row");
    expect_ending(Leg::front, Stage::relay, Errc::peer_closed);
}

TEST_F(PlainRelay, DeliversTheLastBytesToASlowClientBeforeTheGoodbye) {
    start_logged_in();
    Buffer const rows(2 * 1024 * 1024, std::byte{'r'});
    auto const sent = send_until_full(database_, rows);
    database_.close();
    loop_.settle();
    EXPECT_EQ(client_.receive_to_end(loop_).size(), sent);
}

TEST_F(PlainRelay, EndsASideThatLingersTooLong) {
    start_logged_in({.linger = std::chrono::milliseconds(1)});
    client_.finish_sending();
    // The database neither answers nor leaves.
    expect_ending(Leg::front, Stage::relay, Errc::peer_closed);
    client_.receive();
    EXPECT_TRUE(client_.at_end());
}

TEST_F(PlainRelay, KnowsAClientThatQuit) {
    start_logged_in();
    client_.send(mysql::make_packet(0, hex("01")));
    client_.close();
    EXPECT_EQ(database_.receive_to_end(loop_), mysql::make_packet(0, hex("01")));
    database_.close();
    expect_ending(Leg::front, Stage::relay, Errc::client_quit);
}

TEST_F(PlainRelay, KnowsADatabaseThatRefusedTheLogin) {
    start();
    auto const denied = mysql::make_packet(2, mysql::write_error({1045, "28000", "Access denied"}));
    database_.send(denied);
    database_.close();
    EXPECT_EQ(client_.receive_to_end(loop_), denied);
    client_.close();
    expect_ending(Leg::back, Stage::auth, Errc::backend_refused);
    EXPECT_EQ(watch_->refusal_text().substr(0, 5), "1045 ");
    EXPECT_EQ(events_.logins, 0);
}

TEST_F(PlainRelay, EndsAClientThatRunsAheadOfItsLogin) {
    start();
    client_.send(query("drop table t"));
    EXPECT_TRUE(database_.receive_to_end(loop_).empty());
    database_.close();
    expect_ending(Leg::front, Stage::auth, Errc::unexpected_packet);
}

TEST_F(PlainRelay, EndsAClientThatMayNotBecomeAnotherBeforeTheDatabaseHearsOfIt) {
    start_logged_in();
    events_.refuses_users = true;
    client_.send(change_user("root"));
    EXPECT_TRUE(database_.receive_to_end(loop_).empty());
    database_.close();
    expect_ending(Leg::front, Stage::relay, Errc::account_refused);
}

TEST_F(PlainRelay, EndsWhereTheDatabaseLeavesBeforeItHasDecided) {
    start();
    database_.close();
    client_.receive_to_end(loop_);
    client_.close();
    expect_ending(Leg::back, Stage::auth, Errc::peer_closed);
}

TEST_F(PlainRelay, TellsOfADatabaseThatLeavesWithoutAnAnswer) {
    start();
    database_.close();
    client_.receive_to_end(loop_);
    ASSERT_EQ(events_.faults.size(), 1U);
    EXPECT_EQ(name(events_.faults.front().leg), name(Leg::back));
    EXPECT_EQ(name(events_.faults.front().stage), name(Stage::auth));
}

TEST_F(PlainRelay, TellsOfNoAnswerOnlyWhereThereWasNone) {
    start_logged_in();
    database_.close();
    client_.receive_to_end(loop_);
    EXPECT_TRUE(events_.faults.empty());
}

TEST_F(PlainRelay, DropsHalfAKillWhereItsClientLeaves) {
    start_logged_in({.translate = [](std::uint32_t) { return std::optional(42U); }});
    auto const kill = query("KILL QUERY 1073741825");
    client_.send(Bytes(kill).first(10));
    client_.close();
    EXPECT_TRUE(database_.receive_to_end(loop_).empty());
    database_.close();
    expect_ending(Leg::front, Stage::relay, Errc::peer_closed);
}

TEST_F(PlainRelay, EndsWhereTheDatabaseIsGoneWhileTheClientSends) {
    start_logged_in();
    database_.close();
    client_.send(query("select 1"));
    client_.receive_to_end(loop_);
    client_.close();
    loop_.wait(ending_);
}

TEST_F(PlainRelay, HangUpEndsItForTheReasonGiven) {
    start_logged_in();
    loop_.settle();
    relay_->hang_up({Leg::front, Stage::drain, Errc::draining});
    expect_ending(Leg::front, Stage::drain, Errc::draining);
    client_.receive_to_end(loop_);
    database_.receive_to_end(loop_);
    EXPECT_TRUE(client_.at_end());
    EXPECT_TRUE(database_.at_end());
}

TEST_F(PlainRelay, HangUpKeepsAnEarlierReason) {
    start_logged_in();
    client_.finish_sending();
    database_.receive_to_end(loop_);
    relay_->hang_up({Leg::front, Stage::drain, Errc::draining});
    expect_ending(Leg::front, Stage::relay, Errc::peer_closed);
}

TEST_F(PlainRelay, HangUpEndsOneThatIsPaused) {
    start_logged_in();
    Buffer const rows(8 * 1024 * 1024, std::byte{'r'});
    send_until_full(database_, rows);
    relay_->hang_up({Leg::front, Stage::drain, Errc::draining});
    expect_ending(Leg::front, Stage::drain, Errc::draining);
}

}  // namespace
}  // namespace sallyport::gateway::test
