// A child beside the gateway: what it says comes by line, how it ended is told once, and it never
// outlives its owner.
#include "gateway/acme/process.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

namespace sallyport::gateway {
namespace {

using std::chrono::milliseconds;

class ProcessTest : public testing::Test {
 protected:
    /// Runs a shell script to its end.
    Process::Outcome run(std::string const& script, milliseconds limit = milliseconds(60'000)) {
        auto const process = start(script, limit);
        context_.run();
        EXPECT_EQ(ends_, 1);
        return outcome_;
    }

    std::shared_ptr<Process> start(std::string const& script, milliseconds limit) {
        Process::Order const order{"/bin/sh", {"-c", script}, {"A=b"}, "/", limit};
        auto started = Process::start(
            context_, order, [this](std::string_view line) { lines_.emplace_back(line); },
            [this](Process::Outcome outcome) {
                outcome_ = outcome;
                ++ends_;
            });
        return started.value();
    }

    boost::asio::io_context context_{1};
    std::vector<std::string> lines_;
    Process::Outcome outcome_{};
    int ends_ = 0;
};

TEST_F(ProcessTest, SaysLinesOfStderrAndItsExitCode) {
    auto const outcome = run("echo out; echo one >&2; echo >&2; printf 'two' >&2; exit 7");
    EXPECT_EQ(outcome.status, 7);
    EXPECT_FALSE(outcome.is_timed_out);
    EXPECT_EQ(lines_, (std::vector<std::string>{"one", "", "two"}));
}

TEST_F(ProcessTest, CutsLongLines) {
    run("head -c 10000 /dev/zero | tr '\\0' x >&2; echo >&2; echo end >&2");
    ASSERT_EQ(lines_.size(), 4U);
    EXPECT_EQ(lines_[0].size(), Process::longest_line);
    EXPECT_EQ(lines_[2].size(), 10000 - 2 * Process::longest_line);
    EXPECT_EQ(lines_[3], "end");
}

TEST_F(ProcessTest, HasThisEnvironmentAndDirectory) {
    run("echo $A$B >&2; pwd >&2");
    EXPECT_EQ(lines_, (std::vector<std::string>{"b", "/"}));
}

TEST_F(ProcessTest, IsKilledAtItsLimitWithItsChildren) {
    auto const outcome = run("sleep 1000 & echo $! >&2; sleep 1000", milliseconds(300));
    EXPECT_TRUE(outcome.is_timed_out);
    EXPECT_EQ(outcome.status, 128 + SIGKILL);
}

TEST_F(ProcessTest, IsKilledBySignals) {
    EXPECT_EQ(run("kill -TERM $$").status, 128 + SIGTERM);
}

TEST_F(ProcessTest, EndsWithItsOwnerAndSaysNothing) {
    auto process = start("sleep 1000", milliseconds(60'000));
    process.reset();
    context_.run();
    EXPECT_EQ(ends_, 0);
}

TEST_F(ProcessTest, TellsThatAProgramCannotBeRun) {
    Process::Order const order{"/nonexistent/lego", {}, {}, "/", milliseconds(60'000)};
    auto const started = Process::start(
        context_, order, [this](std::string_view line) { lines_.emplace_back(line); },
        [this](Process::Outcome outcome) { outcome_ = outcome; });
    context_.run();
    EXPECT_EQ(outcome_.status, 127);
    EXPECT_EQ(lines_, (std::vector<std::string>{"/nonexistent/lego: No such file or directory"}));
}

}  // namespace
}  // namespace sallyport::gateway
