// A cancel request on its way to the database: where it goes, as what, and what is said in the log
// when it does not arrive.
#include "gateway/postgres/cancel.hpp"

#include "unit/gateway/postgres/database.hpp"
#include "wire/proxy_header.hpp"

#include <boost/asio/co_spawn.hpp>

namespace sallyport::gateway {
namespace {

using config::SslMode;
using std::chrono::hours;
using std::chrono::milliseconds;

class CancelTest : public testing::Test {
 protected:
    CancelTest() { testing::internal::CaptureStderr(); }
    ~CancelTest() override {
        if (is_capturing_) testing::internal::GetCapturedStderr();
    }
    /// Whatever the test has not awaited ends here: a coroutine is not left behind.
    void TearDown() override {
        database_.drop();
        await_end();
    }

    void start(SslMode mode, milliseconds limit = hours(1)) {
        route_.target = target_ ? target_ : database_.target(mode);
        route_.endpoint = database_.endpoint();
        route_.use_tls = mode != SslMode::disabled;
        route_.key = key_;
        auto ended = [this](std::exception_ptr const& thrown) {
            EXPECT_FALSE(thrown);
            ended_ = true;
        };
        boost::asio::co_spawn(loop_->executor(), forward_cancel(*loop_, route_, limit), ended);
        // The session that asked is over: nothing of its may be needed any more.
        route_ = {};
        target_.reset();
    }
    void await_end() {
        loop_.until([this] { return ended_; });
    }
    std::string log() {
        is_capturing_ = false;
        return testing::internal::GetCapturedStderr();
    }
    void expect_not_delivered(std::string const& reason) {
        await_end();
        auto const line = log();
        EXPECT_NE(line.find(R"("level":"warn","event":"cancel request was not delivered")"),
                  std::string::npos);
        EXPECT_NE(line.find(R"("backend":"orders")"), std::string::npos);
        EXPECT_NE(line.find("\"address\":\"" + database_.endpoint().to_string()),
                  std::string::npos);
        EXPECT_NE(line.find("\"reason\":\"" + reason), std::string::npos) << line;
    }

    test::Loop loop_;
    test::Database database_{loop_};
    std::shared_ptr<Target> target_;
    postgres::CancelKey const key_{77, Buffer(32, std::byte{7})};
    CancelRoute route_;
    bool ended_ = false;
    bool is_capturing_ = true;
};

TEST_F(CancelTest, GoesInPlainTextWhereTheBackLegIsPlain) {
    start(SslMode::disabled);
    database_.accept();
    EXPECT_EQ(postgres::read_cancel_request(database_.read_opening()).value(), key_);
    database_.close();
    await_end();
    EXPECT_EQ(log(), "");
}

TEST_F(CancelTest, StaysOpenUntilTheDatabaseCloses) {
    start(SslMode::disabled);
    database_.accept();
    database_.read_opening();
    EXPECT_TRUE(loop_.settle());
    EXPECT_FALSE(ended_);
    Buffer one(1);
    EXPECT_EQ(database_.stream().try_read(one).error(), Errc::would_block);
}

TEST_F(CancelTest, GoesInsideTlsWhereTheBackLegHasIt) {
    start(SslMode::verify_identity);
    database_.accept();
    EXPECT_EQ(database_.read_opening(), postgres::write_ssl_request());
    database_.send("S");
    database_.secure();
    EXPECT_EQ(database_.stream().peer().alpn, "postgresql");
    EXPECT_EQ(postgres::read_cancel_request(database_.read_opening()).value(), key_);
    database_.close();
    await_end();
    EXPECT_EQ(log(), "");
}

TEST_F(CancelTest, GoesInDirectTlsWhereThatIsSet) {
    target_ = database_.target(SslMode::verify_identity);
    target_->settings.negotiation = config::Negotiation::direct;
    start(SslMode::verify_identity);
    database_.accept();
    database_.secure();
    EXPECT_EQ(database_.read_opening(), postgres::write_cancel_request(key_));
    database_.close();
    await_end();
    EXPECT_EQ(log(), "");
}

TEST_F(CancelTest, BringsAProxyHeaderOfItsOwnWhereThatIsSet) {
    target_ = database_.target(SslMode::disabled);
    target_->settings.proxy_protocol = true;
    start(SslMode::disabled);
    database_.accept();
    auto const header = wire::write_local_proxy_header();
    EXPECT_EQ(database_.read(header.size()), header);
    EXPECT_EQ(database_.read_opening(), postgres::write_cancel_request(key_));
}

TEST_F(CancelTest, AResetIsAClosingToo) {
    start(SslMode::disabled);
    database_.accept();
    database_.read_opening();
    linger const at_once{1, 0};
    setsockopt(database_.stream().socket().descriptor(), SOL_SOCKET, SO_LINGER, &at_once,
               sizeof at_once);
    database_.drop();
    await_end();
    EXPECT_EQ(log(), "");
}

TEST_F(CancelTest, IsNeverSentInPlainTextWhereTlsIsWanted) {
    start(SslMode::verify_identity);
    database_.accept();
    database_.read_opening();
    database_.send("N");
    expect_not_delivered("TLS: the backend offers no TLS");
    EXPECT_EQ(database_.await_end(), Errc::peer_closed);
}

TEST_F(CancelTest, IsNotSentToWhoCannotProveItself) {
    target_ = database_.target(SslMode::verify_identity);
    target_->settings.ssl_server_name = "other.example";
    start(SslMode::verify_identity);
    database_.accept();
    database_.read_opening();
    database_.send("S");
    EXPECT_FALSE(database_.is_secured());
    expect_not_delivered("TLS: ");
}

TEST_F(CancelTest, AnEndThatIsNoClosingIsLogged) {
    start(SslMode::verify_identity);
    database_.accept();
    database_.read_opening();
    database_.send("S");
    database_.secure();
    database_.read_opening();
    // Not from the database: it would have encrypted it.
    std::string_view const forged = "no record of TLS at all";
    ::send(database_.stream().socket().descriptor(), forged.data(), forged.size(), MSG_NOSIGNAL);
    expect_not_delivered("answer: ");
}

TEST_F(CancelTest, AnErrorOfTheDatabaseIsLogged) {
    start(SslMode::disabled);
    database_.accept();
    database_.read_opening();
    database_.say_error("out of memory");
    expect_not_delivered("answer: out of memory");
}

TEST_F(CancelTest, AnythingElseThatIsSaidIsLogged) {
    start(SslMode::disabled);
    database_.accept();
    database_.read_opening();
    database_.say('Z', as_bytes("I"));
    expect_not_delivered("answer: bytes that do not follow the protocol");
}

TEST_F(CancelTest, ADatabaseThatIsNotThereIsLogged) {
    database_.stop_listening();
    start(SslMode::disabled);
    expect_not_delivered("connect: ");
}

TEST_F(CancelTest, ADatabaseThatDoesNotAnswerIsWaitedForNoLongerThanTheLimit) {
    start(SslMode::disabled, milliseconds(20));
    database_.accept();
    database_.read_opening();
    expect_not_delivered("answer: no answer in time");
}

TEST_F(CancelTest, ADatabaseThatDoesNotSpeakTlsIsWaitedForNoLongerThanTheLimit) {
    start(SslMode::verify_identity, milliseconds(20));
    database_.accept();
    expect_not_delivered("TLS: no answer in time");
}

}  // namespace
}  // namespace sallyport::gateway
