// The control socket: one gateway for a data directory, and a reload that is answered.
#include "gateway/control.hpp"

#include "support/loop.hpp"
#include "unit/pki/support.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <future>
#include <string>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;
using Protocol = boost::asio::local::stream_protocol;

class ControlTest : public testing::Test {
 protected:
    std::shared_ptr<Control> open(std::string answer = {}) {
        auto reload = [this, answer] {
            ++reloads_;
            return answer;
        };
        return std::move(Control::open(loop_.context, data_dir_, reload).value());
    }
    /// As another process does it, while the gateway serves.
    Checked<void> request() {
        auto asked = std::async(std::launch::async, Control::request_reload, data_dir_);
        loop_.until([&] {
            loop_.context.run_for(std::chrono::milliseconds(1));
            return asked.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
        });
        return asked.get();
    }
    fs::path file() const { return data_dir_ / "control.sock"; }

    test::Loop loop_;
    pki::test::TemporaryDirectory directory_;
    fs::path data_dir_ = directory_.path();
    int reloads_ = 0;
};

TEST_F(ControlTest, AReloadIsCarriedOutAndAnswered) {
    auto const control = open();
    EXPECT_TRUE(request());
    EXPECT_EQ(reloads_, 1);
}

TEST_F(ControlTest, OneReloadAfterTheOtherIsAnswered) {
    auto const control = open();
    EXPECT_TRUE(request());
    EXPECT_TRUE(request());
    EXPECT_EQ(reloads_, 2);
}

TEST_F(ControlTest, AReloadThatFailsSaysWhy) {
    auto const control = open("server.crt: has expired");
    auto const answer = request();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, "server.crt: has expired");
    EXPECT_NE(answer.error().hint, "");
}

TEST_F(ControlTest, AWordThatIsUnknownReloadsNothing) {
    auto const control = open();
    Protocol::socket client(loop_.context);
    client.connect(Protocol::endpoint(file().string()));
    boost::asio::write(client, boost::asio::buffer(std::string("shutdown\n")));
    std::string answer;
    bool is_answered = false;
    boost::asio::async_read_until(
        client, boost::asio::dynamic_buffer(answer), '\n',
        [&](boost::system::error_code, std::size_t) { is_answered = true; });
    loop_.until([&] { return is_answered; });
    EXPECT_EQ(answer, "unknown request\n");
    EXPECT_EQ(reloads_, 0);
}

TEST_F(ControlTest, AClientThatLeavesWithoutAWordDisturbsNobody) {
    auto const control = open();
    {
        Protocol::socket client(loop_.context);
        client.connect(Protocol::endpoint(file().string()));
    }
    EXPECT_TRUE(request());
}

TEST_F(ControlTest, ALineWithoutAnEndIsCutOff) {
    auto const control = open();
    Protocol::socket client(loop_.context);
    client.connect(Protocol::endpoint(file().string()));
    boost::asio::write(client, boost::asio::buffer(std::string(8192, 'x')));
    char byte = 0;
    bool is_over = false;
    client.async_read_some(
        boost::asio::buffer(&byte, 1),
        [&](boost::system::error_code error, std::size_t) { is_over = error.failed(); });
    loop_.until([&] { return is_over; });
    EXPECT_EQ(reloads_, 0);
}

TEST_F(ControlTest, ASecondGatewayIsRefused) {
    auto const control = open();
    auto const second = Control::open(loop_.context, data_dir_, [] { return std::string(); });
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::address_in_use);
    // The first one's socket is not harmed by that.
    EXPECT_TRUE(request());
}

TEST_F(ControlTest, ASocketThatACrashLeftIsReplaced) {
    { Protocol::acceptor crashed(loop_.context, Protocol::endpoint(file().string())); }
    ASSERT_TRUE(fs::exists(file()));
    auto const control = open();
    EXPECT_TRUE(request());
}

TEST_F(ControlTest, TheSocketIsTheOwnersOnly) {
    auto const control = open();
    EXPECT_EQ(pki::test::mode_of(file()), 0600U);
}

TEST_F(ControlTest, TheSocketGoesWithTheGateway) {
    { auto const control = open(); }
    EXPECT_FALSE(fs::exists(file()));
    EXPECT_TRUE(open());
}

TEST_F(ControlTest, ADataDirectoryMayHaveALongPath) {
    data_dir_ /= std::string(150, 'd');
    fs::create_directory(data_dir_);
    auto const control = open();
    EXPECT_TRUE(fs::exists(file()));
    EXPECT_TRUE(request());
}

TEST_F(ControlTest, WithoutAGatewayThereIsAHintHowToStartOne) {
    auto const answer = Control::request_reload(data_dir_);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::network);
    EXPECT_NE(answer.error().hint.find("sallyport serve"), std::string::npos);
}

TEST_F(ControlTest, ADirectoryThatIsNotThereIsNetworkFault) {
    data_dir_ /= "missing";
    auto const control = Control::open(loop_.context, data_dir_, [] { return std::string(); });
    ASSERT_FALSE(control);
    EXPECT_EQ(control.error().code, Errc::network);
}

}  // namespace
}  // namespace sallyport::gateway
