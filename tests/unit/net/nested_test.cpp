// A loop that an io_context serves: whatever it has to do is done by running the io_context.
#include "net/nested.hpp"

#include "net/deadline.hpp"

#include <gtest/gtest.h>

#include <array>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace sallyport::net {
namespace {

using std::chrono::milliseconds;

class NestedLoop : public testing::Test {
 protected:
    void until(bool const& done) {
        while (!done) context_.run_one();
    }

    boost::asio::io_context context_{1};
    EpollLoop loop_;
    Nested nested_{context_, loop_};
};

TEST_F(NestedLoop, DoesItsJobs) {
    bool is_done = false;
    loop_.post(Job([&] { is_done = true; }));
    until(is_done);
}

TEST_F(NestedLoop, DoesTheJobsOfOtherThreads) {
    bool is_done = false;
    std::thread other([&] { loop_.post(Job([&] { is_done = true; })); });
    until(is_done);
    other.join();
}

TEST_F(NestedLoop, KeepsItsDeadlines) {
    bool is_late = false;
    Deadline const deadline(loop_, milliseconds(2), [&] { is_late = true; });
    until(is_late);
}

TEST_F(NestedLoop, ServesItsSockets) {
    struct Heard final : ReadyHandler {
        void on_ready() override { is_ready = true; }
        bool is_ready = false;
    };
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    auto const socket = loop_.adopt(ends[0]);
    Heard heard;
    socket->notify(&heard);
    ASSERT_EQ(::send(ends[1], "x", 1, 0), 1);
    until(heard.is_ready);
    ::close(ends[1]);
}

TEST_F(NestedLoop, LetsTheIoContextRunOutOfWorkOnceStopped) {
    nested_.stop();
    context_.run();
}

}  // namespace
}  // namespace sallyport::net
