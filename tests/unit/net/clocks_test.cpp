// Many deadlines, one kernel timer.
#include "net/clocks.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <poll.h>
#include <vector>

namespace sallyport::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct Alarm final : Clock {
    explicit Alarm(std::function<void()> what = [] {}) : action(std::move(what)) {}
    void on_time() override {
        ++calls;
        action();
    }
    std::function<void()> action;
    int calls = 0;
};

Clocks::Time in(milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

/// Until the kernel says that something is due.
void strike(Clocks& clocks) {
    pollfd due{clocks.descriptor(), POLLIN, 0};
    ASSERT_EQ(::poll(&due, 1, -1), 1);
    clocks.strike();
}

TEST(Clocks, StrikeInTheOrderOfTheirTimes) {
    Clocks clocks;
    std::vector<int> order;
    Alarm second([&] { order.push_back(2); });
    Alarm first([&] { order.push_back(1); });
    clocks.add(in(milliseconds(4)), second);
    clocks.add(in(milliseconds(1)), first);
    while (order.size() < 2) strike(clocks);
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(Clocks, ATimeThatHasPassedStrikesAtOnce) {
    Clocks clocks;
    Alarm late;
    clocks.add(in(-hours(1)), late);
    strike(clocks);
    EXPECT_EQ(late.calls, 1);
}

TEST(Clocks, OneThatWasRemovedIsNotCalledAndTheNextOneStillIs) {
    Clocks clocks;
    Alarm gone;
    Alarm kept;
    auto const entry = clocks.add(in(milliseconds(1)), gone);
    clocks.add(in(milliseconds(2)), kept);
    clocks.remove(entry);
    while (kept.calls == 0) strike(clocks);
    EXPECT_EQ(gone.calls, 0);
}

TEST(Clocks, ALaterOneDoesNotPutOffAnEarlierOne) {
    Clocks clocks;
    Alarm soon;
    Alarm later;
    clocks.add(in(milliseconds(1)), soon);
    clocks.add(in(hours(1)), later);
    strike(clocks);
    EXPECT_EQ(soon.calls, 1);
    EXPECT_EQ(later.calls, 0);
}

TEST(Clocks, OneMayAddAndRemoveOthersWhenItsTimeComes) {
    Clocks clocks;
    Alarm removed;
    Alarm added;
    Clocks::Entry entry;
    Alarm first([&] {
        clocks.remove(entry);
        clocks.add(in(milliseconds(0)), added);
    });
    auto const now = in(milliseconds(0));
    clocks.add(now, first);
    entry = clocks.add(now, removed);
    while (added.calls == 0) strike(clocks);
    EXPECT_EQ(removed.calls, 0);
}

}  // namespace
}  // namespace sallyport::net
