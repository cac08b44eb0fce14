// Where sessions go: together while they are few, evenly when they are many, and never to a worker
// that has its hands full while another is free.
#include "gateway/placing.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

class PlacingOf : public testing::Test {
 protected:
    /// The sessions of each of four workers after so many have come at once.
    std::vector<std::size_t> after(std::size_t number) {
        for (std::size_t i = 0; i < number; ++i) ++loads_[next()].sessions;
        std::vector<std::size_t> sessions;
        for (auto const& load : loads_) sessions.push_back(load.sessions);
        return sessions;
    }

    std::size_t next() { return placing_.place(loads_, now_); }

    /// A second passes, in which the worker has used so much CPU time.
    void work(std::size_t worker, std::chrono::milliseconds used) {
        loads_[worker].cpu_time += used;
        now_ += 1s;
    }

    Placing placing_;
    Placing::Time now_{};
    std::vector<Placing::Load> loads_{4};
};

using Sessions = std::vector<std::size_t>;

TEST_F(PlacingOf, FewSessionsKeepsThemTogether) {
    EXPECT_EQ(after(1), (Sessions{1, 0, 0, 0}));
    EXPECT_EQ(after(7), (Sessions{8, 0, 0, 0}));
    EXPECT_EQ(after(8), (Sessions{8, 8, 0, 0}));
}

TEST_F(PlacingOf, ManySessionsSpreadsThemEvenly) {
    EXPECT_EQ(after(32), Sessions(4, 8));
    EXPECT_EQ(after(368), Sessions(4, 100));
}

TEST_F(PlacingOf, SessionsBehindABusyWorkerGoesElsewhere) {
    EXPECT_EQ(next(), 0U);
    work(0, 600ms);
    EXPECT_EQ(next(), 1U);
    work(1, 600ms);
    EXPECT_EQ(next(), 0U) << "rested for a second";
}

TEST_F(PlacingOf, SessionsOfAHandshakeStormReachesEveryWorker) {
    next();
    for (auto& load : loads_) load.cpu_time += 900ms;
    now_ += 1s;
    for (std::size_t worker : {0U, 1U, 2U, 3U}) {
        EXPECT_EQ(next(), worker);
        ++loads_[worker].sessions;
    }
}

TEST_F(PlacingOf, AWindowJudgesOnlyWhenItIsOver) {
    EXPECT_EQ(next(), 0U);
    loads_[0].cpu_time += Placing::window;
    now_ += Placing::window / 2;
    EXPECT_EQ(next(), 0U);
    now_ += Placing::window / 2;
    EXPECT_EQ(next(), 1U);
}

TEST_F(PlacingOf, SessionsThatLeaveMakesRoomForTheNext) {
    loads_[0].sessions = loads_[2].sessions = loads_[3].sessions = 20;
    loads_[1].sessions = 3;
    EXPECT_EQ(next(), 1U);
}

}  // namespace
}  // namespace sallyport::gateway
