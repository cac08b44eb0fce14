// What a loop does beside its sockets: jobs in their order, from its own thread and from others,
// and an end when it is told to.
#include "net/loop.hpp"

#include "support/loop.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace sallyport::net {
namespace {

TEST(Loop, DoesJobsInTheirOrderAndNotAtOnce) {
    test::Loop loop;
    std::vector<int> done;
    for (int const i : {1, 2, 3}) loop->post(Job([&done, i] { done.push_back(i); }));
    EXPECT_TRUE(done.empty());
    loop.settle();
    EXPECT_EQ(done, (std::vector{1, 2, 3}));
}

TEST(Loop, AJobThatAnotherOnePostsHasItsTurnLater) {
    test::Loop loop;
    std::vector<int> done;
    loop->post(Job([&] {
        loop->post(Job([&done] { done.push_back(2); }));
        done.push_back(1);
    }));
    loop.settle();
    EXPECT_EQ(done, (std::vector{1, 2}));
}

TEST(Loop, AJobMayOwnWhatCannotBeCopied) {
    test::Loop loop;
    int seen = 0;
    auto owned = std::make_unique<int>(7);
    loop->post(Job([&seen, owned = std::move(owned)] { seen = *owned; }));
    loop.settle();
    EXPECT_EQ(seen, 7);
}

TEST(Loop, ServesOnTheThreadThatRunsItUntilItIsStopped) {
    auto const loop = make_loop(test::io_method());
    std::thread::id seen;
    std::thread thread([&] { loop->run(); });
    auto const id = thread.get_id();
    loop->post(Job([&] {
        seen = std::this_thread::get_id();
        loop->stop();
    }));
    thread.join();
    EXPECT_EQ(seen, id);
}

TEST(Loop, LosesNoJobThatAnotherThreadPosts) {
    auto const loop = make_loop(test::io_method());
    constexpr int many = 10'000;
    int done = 0;
    std::thread thread([&] { loop->run(); });
    for (int i = 0; i < many; ++i) loop->post(Job([&] { ++done; }));
    loop->stop();
    thread.join();
    EXPECT_EQ(done, many);
}

TEST(Loop, StopWakesOneThatWaits) {
    auto const loop = make_loop(test::io_method());
    std::thread thread([&] { loop->run(); });
    loop->stop();
    thread.join();
}

TEST(Loop, WhatWasNeverDoneIsDestroyedWithIt) {
    auto owned = std::make_shared<int>(7);
    {
        auto const loop = make_loop(test::io_method());
        loop->post(Job([owned] {}));
        EXPECT_EQ(owned.use_count(), 2);
    }
    EXPECT_EQ(owned.use_count(), 1);
}

Task<int> yield_often(Loop& loop) {
    int turns = 0;
    for (; turns < 10; ++turns) co_await loop.yield();
    co_return turns;
}

TEST(Loop, ACoroutineThatYieldsGoesOn) {
    test::Loop loop;
    EXPECT_EQ(loop.run(yield_often(*loop)), 10);
}

}  // namespace
}  // namespace sallyport::net
