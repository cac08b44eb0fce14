#include "gateway/renewal.hpp"

#include "gateway/back_off.hpp"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

pki::Time const birth{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};
constexpr std::chrono::seconds whole = 90h;
Life const life{birth, birth + whole};
pki::Time const due = birth + whole * 2 / 3;

TEST(Life, HasAThirdThenATenthThenNothingLeft) {
    EXPECT_EQ(remaining_at(life, birth - 1s), Remaining::plenty);
    EXPECT_EQ(remaining_at(life, birth), Remaining::plenty);
    EXPECT_EQ(remaining_at(life, birth + 60h - 1s), Remaining::plenty);
    EXPECT_EQ(remaining_at(life, birth + 60h), Remaining::third);
    EXPECT_EQ(remaining_at(life, birth + 81h - 1s), Remaining::third);
    EXPECT_EQ(remaining_at(life, birth + 81h), Remaining::tenth);
    EXPECT_EQ(remaining_at(life, birth + 90h - 1s), Remaining::tenth);
    EXPECT_EQ(remaining_at(life, birth + 90h), Remaining::nothing);
    EXPECT_EQ(remaining_at(life, birth + 9000h), Remaining::nothing);
}

TEST(RenewalState, FollowsTheLife) {
    EXPECT_EQ(renewal_state(life, due, birth), RenewalState::fresh);
    EXPECT_EQ(renewal_state(life, due, due - 1s), RenewalState::fresh);
    EXPECT_EQ(renewal_state(life, due, due), RenewalState::due);
    EXPECT_EQ(renewal_state(life, due, birth + 81h - 1s), RenewalState::due);
    EXPECT_EQ(renewal_state(life, due, birth + 81h), RenewalState::overdue);
    EXPECT_EQ(renewal_state(life, due, birth + 90h), RenewalState::expired);
}

TEST(RenewalState, OneThatIsNotValidYetIsDue) {
    EXPECT_EQ(renewal_state(life, due, birth - 1s), RenewalState::due);
}

TEST(RenewalState, OneThatEndsWithItsCaIsNotDueBefore) {
    EXPECT_EQ(renewal_state(life, life.until, birth + 85h), RenewalState::fresh);
    EXPECT_EQ(renewal_state(life, life.until, life.until), RenewalState::expired);
}

TEST(BackOff, DoublesUpToAnHour) {
    EXPECT_EQ(back_off(1, 9000h, 0), 30s);
    EXPECT_EQ(back_off(2, 9000h, 0), 60s);
    EXPECT_EQ(back_off(5, 9000h, 0), 480s);
    EXPECT_EQ(back_off(8, 9000h, 0), 1h);
    EXPECT_EQ(back_off(1'000'000, 9000h, 0), 1h);
}

TEST(BackOff, ChanceTakesAwayUpToHalf) {
    EXPECT_EQ(back_off(2, 9000h, 0.5), 45s);
    EXPECT_EQ(back_off(2, 9000h, 1), 30s);
    EXPECT_EQ(back_off(2, 9000h, 7), 30s);
}

TEST(BackOff, LeavesRoomForManyAttemptsInAShortLife) {
    EXPECT_EQ(back_off(9, 100s, 0), 5s);
    EXPECT_EQ(back_off(9, 3s, 0), shortest_wait);
    EXPECT_EQ(back_off(1, 0s, 0), 30s);
    EXPECT_EQ(back_off(1, -100h, 0), 30s);
}

class RenewalTest : public testing::Test {
 protected:
    RenewalTest() { follow(life); }

    void follow(Life const& served) {
        renewal_.follow({{"server.crt", served, served.from + (served.until - served.from) * 2 / 3,
                          [] { return Result<void>(); }}});
    }
    std::string told(pki::Time now) {
        std::string text;
        for (auto const& change : renewal_.look(now))
            text += (change.from ? std::string(name(*change.from)) : "new") + "->" +
                    std::string(name(change.to));
        return text;
    }
    std::size_t tries(pki::Time now) { return renewal_.to_try(now, ticks_).size(); }
    RenewalStatus status() const { return renewal_.status().front(); }

    Renewal renewal_{[] { return 0.0; }};
    Renewal::Ticks ticks_{100h};
};

TEST_F(RenewalTest, TellsEachTransitionOnce) {
    EXPECT_EQ(told(birth), "new->fresh");
    EXPECT_EQ(told(birth + 1h), "");
    EXPECT_EQ(told(due), "fresh->due");
    EXPECT_EQ(told(due + 1h), "");
    EXPECT_EQ(told(birth + 82h), "due->overdue");
    EXPECT_EQ(told(birth + 90h), "overdue->expired");
    EXPECT_EQ(told(birth + 91h), "");
}

TEST_F(RenewalTest, TriesWhatIsDueAndNothingTwiceAtATime) {
    EXPECT_EQ(tries(due - 1s), 0U);
    EXPECT_EQ(tries(due), 1U);
    EXPECT_EQ(tries(due + 1h), 0U);
}

TEST_F(RenewalTest, WaitsLongerAfterEachFailure) {
    for (auto const wait : {30s, 60s, 120s}) {
        EXPECT_EQ(tries(due), 1U);
        EXPECT_EQ(renewal_.finished("server.crt", false, due, ticks_), wait);
        ticks_ += wait - 1s;
        EXPECT_EQ(tries(due), 0U);
        ticks_ += 1s;
    }
    EXPECT_EQ(status().failures, 3U);
    EXPECT_EQ(status().renewed, 0U);
}

TEST_F(RenewalTest, IsFreshAgainAfterASuccess) {
    told(due);
    EXPECT_EQ(tries(due), 1U);
    renewal_.finished("server.crt", false, due, ticks_);
    ticks_ += 30s;
    EXPECT_EQ(tries(due), 1U);
    follow({due, due + whole});
    EXPECT_EQ(renewal_.finished("server.crt", true, due, ticks_), std::nullopt);
    EXPECT_EQ(told(due), "due->fresh");
    EXPECT_EQ(status().failures, 0U);
    EXPECT_EQ(status().renewed, 1U);
    EXPECT_EQ(tries(due), 0U);
}

TEST_F(RenewalTest, ASuccessThatChangesNothingIsAFailure) {
    EXPECT_EQ(tries(due), 1U);
    EXPECT_EQ(renewal_.finished("server.crt", true, due, ticks_), 30s);
    EXPECT_EQ(tries(due), 0U);
}

TEST_F(RenewalTest, PausesDoNotHearOfTheWallClock) {
    EXPECT_EQ(tries(due), 1U);
    renewal_.finished("server.crt", false, due, ticks_);
    EXPECT_EQ(tries(due + 20h), 0U);
    ticks_ += 30s;
    EXPECT_EQ(tries(due + 20h), 1U);
}

TEST_F(RenewalTest, AClockThatJumpsForthAndBackLeavesItFresh) {
    told(birth);
    EXPECT_EQ(told(birth + 9000h), "fresh->expired");
    EXPECT_EQ(tries(birth + 9000h), 1U);
    renewal_.finished("server.crt", false, birth + 9000h, ticks_);
    EXPECT_EQ(told(birth + 1h), "expired->fresh");
    EXPECT_EQ(tries(birth + 1h), 0U);
    EXPECT_EQ(status().failures, 0U);
}

TEST_F(RenewalTest, WhatWasRenewedInAFutureThatDidNotComeIsRenewedAgain) {
    told(birth);
    EXPECT_EQ(tries(birth + 9000h), 1U);
    follow({birth + 9000h, birth + 9090h});
    EXPECT_EQ(renewal_.finished("server.crt", true, birth + 9000h, ticks_), std::nullopt);
    EXPECT_EQ(told(birth + 1h), "fresh->due");
    EXPECT_EQ(tries(birth + 1h), 1U);
}

TEST_F(RenewalTest, KeepsTheHistoryOfWhatAReloadKeeps) {
    EXPECT_EQ(tries(due), 1U);
    renewal_.finished("server.crt", false, due, ticks_);
    follow(life);
    EXPECT_EQ(status().failures, 1U);
    EXPECT_EQ(tries(due), 0U);
    renewal_.follow({});
    EXPECT_TRUE(renewal_.status().empty());
    EXPECT_EQ(renewal_.finished("server.crt", true, due, ticks_), std::nullopt);
}

TEST_F(RenewalTest, LooksMoreOftenAtAShortLife) {
    EXPECT_EQ(renewal_.look_interval(), Renewal::slowest_look);
    follow({birth, birth + 60s});
    EXPECT_EQ(renewal_.look_interval(), 1s);
    follow({birth, birth + 1s});
    EXPECT_EQ(renewal_.look_interval(), 200ms);
}

}  // namespace
}  // namespace sallyport::gateway
