// The relay while both sides are there: bytes, commands, back-pressure.
#include "unit/gateway/relay_fixture.hpp"

namespace sallyport::gateway::test {
namespace {

/// What a socket may have taken that the kernel has not yet; none of it on epoll.
constexpr std::size_t on_its_way = 128 * 1024;

TEST_F(PlainRelay, PassesBytesBothWays) {
    start_logged_in();
    client_.send(query("select 1"));
    EXPECT_EQ(database_.receive(loop_, 1), query("select 1"));
    database_.send(as_bytes("one row"));
    EXPECT_EQ(as_text(client_.receive(loop_, 1)), "one row");
}

TEST_F(PlainRelay, CountsTheBytesOfEachDirection) {
    start_logged_in();
    client_.send(query("select 1"));
    database_.receive(loop_, 1);
    EXPECT_EQ(relay_->bytes_in(), query("select 1").size());
    EXPECT_EQ(relay_->bytes_out(), ok_packet().size());
}

TEST_F(PlainRelay, ComesToRestWhenThereIsNothingToDo) {
    start_logged_in();
    EXPECT_TRUE(loop_.settle());
    client_.send(query("select 1"));
    EXPECT_TRUE(loop_.settle());
}

TEST_F(PlainRelay, TellsOfTheLoginOnce) {
    start();
    EXPECT_FALSE(watch_->logged_in());
    database_.send(ok_packet());
    client_.receive(loop_, 1);
    EXPECT_TRUE(watch_->logged_in());
    database_.send(ok_packet(1));
    client_.receive(loop_, 1);
    EXPECT_EQ(events_.logins, 1);
}

TEST_F(PlainRelay, PassesWhatCameBeforeItBegan) {
    client_.send(query("select 1"));
    database_.send(ok_packet());
    start();
    EXPECT_EQ(client_.receive(loop_, 1), ok_packet());
    EXPECT_EQ(database_.receive(loop_, 1), query("select 1"));
}

TEST_F(PlainRelay, TellsOfAUserToBecome) {
    start_logged_in();
    client_.send(change_user("bob"));
    EXPECT_EQ(database_.receive(loop_, change_user("bob").size()), change_user("bob"));
    EXPECT_EQ(events_.users, std::vector<std::string>{"bob"});
}

TEST_F(PlainRelay, TellsOfAReloadWhenTheDatabaseSaidOk) {
    start_logged_in();
    client_.send(query("ALTER INSTANCE RELOAD TLS"));
    database_.receive(loop_, 1);
    EXPECT_EQ(events_.reloads, 0);
    database_.send(ok_packet(1));
    client_.receive(loop_, 1);
    EXPECT_EQ(events_.reloads, 1);
}

TEST_F(PlainRelay, TranslatesAKill) {
    start_logged_in({.translate = [](std::uint32_t) { return std::optional(42U); }});
    client_.send(query("KILL QUERY 1073741825"));
    EXPECT_EQ(database_.receive(loop_, 1), query("KILL QUERY 42        "));
}

TEST_F(PlainRelay, HoldsBackHalfAKillAndPassesTheWholeTranslated) {
    start_logged_in({.translate = [](std::uint32_t) { return std::optional(42U); }});
    auto const kill = query("KILL QUERY 1073741825");
    for (std::byte const byte : kill) {
        EXPECT_EQ(database_.waiting(), 0U);
        client_.send(Bytes(&byte, 1));
        ASSERT_TRUE(loop_.settle());
    }
    EXPECT_EQ(database_.receive(loop_, kill.size()), query("KILL QUERY 42        "));
}

TEST_F(PlainRelay, PassesTheEndOfOneCommandWhileItHoldsTheNext) {
    start_logged_in({.translate = [](std::uint32_t) { return std::optional(42U); }});
    auto const kill = query("KILL 1073741825");
    client_.send(query("select 1") + Buffer(kill.begin(), kill.begin() + 8));
    loop_.settle();
    EXPECT_EQ(database_.receive(), query("select 1"));
    client_.send(Bytes(kill).subspan(8));
    EXPECT_EQ(database_.receive(loop_, 1), query("KILL 42        "));
}

TEST_F(PlainRelay, PassesMoreThanItsScratchBufferHolds) {
    start_logged_in({.scratch = 1024});
    auto const large = large_query(3 * 1024 * 1024);
    std::size_t sent = 0;
    Buffer got;
    loop_.until([&] {
        sent += client_.send_some(Bytes(large).subspan(sent));
        loop_.settle();
        got = std::move(got) + database_.receive();
        return got.size() >= large.size();
    });
    EXPECT_TRUE(got == large);
}

TEST_F(PlainRelay, ADatabaseThatDoesNotReadPausesTheClient) {
    start_logged_in();
    auto const large = large_query(8 * 1024 * 1024);
    auto const sent = send_until_full(client_, large);
    ASSERT_LT(sent, large.size());
    // What the relay took and the kernel did not is in memory: at most one scratch buffer, and what
    // is on its way to the kernel.
    EXPECT_LE(relay_->bytes_in() - database_.waiting(), scratch_.size() + on_its_way);
    EXPECT_GE(relay_->bytes_in(), database_.waiting());
}

TEST_F(PlainRelay, WhatWasPausedGoesOnWithoutLoss) {
    start_logged_in();
    auto const large = large_query(8 * 1024 * 1024);
    auto sent = send_until_full(client_, large);
    Buffer got;
    loop_.until([&] {
        got = std::move(got) + database_.receive();
        loop_.settle();
        sent += client_.send_some(Bytes(large).subspan(sent));
        return got.size() >= large.size();
    });
    EXPECT_TRUE(got == large);
}

TEST_F(PlainRelay, AClientThatDoesNotReadPausesTheDatabase) {
    start_logged_in();
    Buffer const rows(8 * 1024 * 1024, std::byte{'r'});
    auto const before = relay_->bytes_out();
    auto const sent = send_until_full(database_, rows);
    ASSERT_LT(sent, rows.size());
    EXPECT_LE(relay_->bytes_out() - before - client_.waiting(), scratch_.size() + on_its_way);
}

TEST_F(PlainRelay, APausedDirectionDoesNotPauseTheOther) {
    start_logged_in();
    Buffer const rows(8 * 1024 * 1024, std::byte{'r'});
    send_until_full(database_, rows);
    client_.send(query("KILL 7"));
    EXPECT_EQ(database_.receive(loop_, 1), query("KILL 7"));
}

TEST_F(PlainRelay, ABusyRelayLetsOthersHaveTheirTurn) {
    start_logged_in({.scratch = 1024});
    auto const large = large_query(100 * 1024);
    client_.send(large);
    std::optional<std::uint64_t> done_by_then;
    auto look = [&] { done_by_then = relay_->bytes_in(); };
    // Behind the edge: the relay's first turn comes before it, what it does later must not.
    while (relay_->bytes_in() == 0) loop_->run_ready();
    loop_->post(net::Job(look));
    loop_.settle();
    ASSERT_TRUE(done_by_then);
    EXPECT_LT(*done_by_then, large.size() / 2);
    EXPECT_EQ(database_.receive(loop_, large.size()), large);
}

}  // namespace
}  // namespace sallyport::gateway::test
