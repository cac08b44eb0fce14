// Changes of files are noticed once they are still, however the files were replaced.
#include "gateway/watch.hpp"

#include "support/loop.hpp"
#include "unit/pki/support.hpp"

#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <fstream>
#include <vector>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

class WatchTest : public testing::Test {
 protected:
    fs::path write(std::string const& name, std::string const& text) {
        auto const file = directory_.path() / name;
        std::ofstream(file) << text;
        return file;
    }
    void await_change() {
        loop_.until([&] { return changes_ > 0; });
        EXPECT_EQ(std::exchange(changes_, 0), 1);
    }

    test::Loop loop_;
    pki::test::TemporaryDirectory directory_;
    int changes_ = 0;
    std::shared_ptr<Watch> watch_ = Watch::start(loop_.context, [this] { ++changes_; });
};

TEST_F(WatchTest, AFileThatIsWrittenIsAChange) {
    auto const file = write("a", "1");
    watch_->follow({file});
    write("a", "22");
    await_change();
}

TEST_F(WatchTest, AFileThatIsWrittenWithTheSameSizeIsAChange) {
    watch_->follow({write("a", "1")});
    write("a", "2");
    await_change();
}

TEST_F(WatchTest, AFileThatIsReplacedIsAChange) {
    watch_->follow({write("a", "1")});
    fs::rename(write("b", "1"), directory_.path() / "a");
    await_change();
}

TEST_F(WatchTest, AFileThatAppearsIsAChange) {
    watch_->follow({directory_.path() / "late"});
    write("late", "1");
    await_change();
}

TEST_F(WatchTest, AFileThatGoesIsAChange) {
    auto const file = write("a", "1");
    watch_->follow({file});
    fs::remove(file);
    await_change();
}

TEST_F(WatchTest, ALinkThatIsTurnedIsAChange) {
    // As Kubernetes does it: a link to a directory is replaced in one step.
    fs::create_directory(directory_.path() / "v1");
    fs::create_directory(directory_.path() / "v2");
    write("v1/tls.crt", "1");
    write("v2/tls.crt", "1");
    fs::create_directory_symlink("v1", directory_.path() / "data");
    watch_->follow({directory_.path() / "data" / "tls.crt"});
    fs::create_directory_symlink("v2", directory_.path() / "next");
    fs::rename(directory_.path() / "next", directory_.path() / "data");
    await_change();
}

TEST_F(WatchTest, TwoFilesThatChangeTogetherAreOneChange) {
    watch_->follow({write("a", "1"), write("b", "1")});
    write("a", "22");
    write("b", "22");
    await_change();
}

TEST_F(WatchTest, AChangeIsReportedOnlyWhenTheFilesAreStill) {
    watch_->follow({write("a", "1")});
    // Written at every step of a clock that is faster than the watch looks.
    boost::asio::steady_timer timer(loop_.context);
    int writes = 0;
    std::function<void()> step = [&] {
        if (writes == 12) return;
        write("a", std::string(static_cast<std::size_t>(++writes) + 1, 'x'));
        EXPECT_EQ(changes_, 0);
        timer.expires_after(Watch::interval / 4);
        timer.async_wait([&](boost::system::error_code) { step(); });
    };
    step();
    await_change();
    EXPECT_EQ(writes, 12);
}

TEST_F(WatchTest, AFileThatStaysBadIsReportedOnce) {
    auto const bad = write("a", "1");
    auto const other = write("b", "1");
    watch_->follow({bad, other});
    write("a", "bad");
    await_change();
    // Nobody follows anew, for what was read could not be served. The next change is the only one.
    write("b", "22");
    await_change();
}

TEST_F(WatchTest, ABadFileThatIsRepairedIsAChange) {
    watch_->follow({write("a", "1")});
    write("a", "bad");
    await_change();
    write("a", "good");
    await_change();
}

TEST_F(WatchTest, FollowingAgainDoesNotForgetAChangeInBetween) {
    auto const file = write("a", "1");
    watch_->follow({file});
    write("a", "22");
    watch_->follow({file, write("b", "1")});
    await_change();
}

TEST_F(WatchTest, FilesThatAreFollowedNoMoreAreNoChange) {
    auto const old = write("a", "1");
    auto const now = write("b", "1");
    watch_->follow({old, now});
    watch_->follow({now});
    write("a", "22");
    write("b", "22");
    await_change();
    write("b", "333");
    await_change();
}

TEST_F(WatchTest, NothingIsReportedForFilesThatRest) {
    watch_->follow({write("a", "1"), directory_.path() / "missing"});
    boost::asio::steady_timer timer(loop_.context, 3 * Watch::interval);
    bool is_over = false;
    timer.async_wait([&](boost::system::error_code) { is_over = true; });
    loop_.until([&] { return is_over; });
    EXPECT_EQ(changes_, 0);
}

}  // namespace
}  // namespace sallyport::gateway
