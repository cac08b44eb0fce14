// What the relay is told of a PostgreSQL session: when it is logged in, and how it ended. How the
// login is followed is wire/postgres/login_watch_test's.
#include "gateway/postgres/watch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace sallyport::gateway {
namespace {

using postgres::Auth;
using postgres::make_message;
namespace message = postgres::message;

Buffer operator+(Buffer left, Buffer const& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

class PostgresWatchTest : public testing::Test {
 protected:
    /// How many of the bytes may go on.
    std::size_t from_back(Buffer bytes) { return watch_.from_back(bytes).value(); }
    std::size_t from_front(Buffer bytes) { return watch_.from_front(bytes).value(); }
    void accept() { from_back(postgres::write_auth(Auth::ok)); }
    void log_in() {
        accept();
        from_back(ready_);
    }
    void expect_verdict(Leg leg, Stage stage, Errc reason) {
        auto const verdict = watch_.verdict();
        ASSERT_TRUE(verdict);
        EXPECT_EQ(verdict->leg, leg);
        EXPECT_EQ(verdict->stage, stage);
        EXPECT_EQ(verdict->reason, reason);
    }

    std::uint32_t keys_ = 0;
    PostgresWatch watch_{
        postgres::LoginWatch([this](postgres::CancelKey const&, MutableBytes) { ++keys_; })};
    Buffer const ready_ = make_message(message::ready_for_query, as_bytes("I"));
    Buffer const query_ = make_message('Q', as_bytes("SELECT 1"));
    Buffer const terminate_ = make_message(message::terminate, {});
};

TEST_F(PostgresWatchTest, ASessionIsLoggedInWhenTheDatabaseIsSatisfied) {
    EXPECT_FALSE(watch_.logged_in());
    from_back(postgres::write_auth(Auth::cleartext));
    EXPECT_FALSE(watch_.logged_in());
    from_front(postgres::write_password("secret"));
    EXPECT_FALSE(watch_.logged_in());
    accept();
    EXPECT_TRUE(watch_.logged_in());
    from_back(ready_);
    EXPECT_TRUE(watch_.logged_in());
    EXPECT_FALSE(watch_.verdict());
    EXPECT_EQ(watch_.refusal_text(), "");
}

TEST_F(PostgresWatchTest, TheClientIsAwaitedFromTheQuestionToTheEndOfItsAnswer) {
    EXPECT_EQ(watch_.awaited(), Leg::back);
    from_back(postgres::write_auth(Auth::cleartext));
    EXPECT_EQ(watch_.awaited(), Leg::front);
    auto const answer = postgres::write_password("secret");
    from_front(Buffer(answer.begin(), answer.end() - 1));
    EXPECT_EQ(watch_.awaited(), Leg::front);
    from_front(Buffer(answer.end() - 1, answer.end()));
    EXPECT_EQ(watch_.awaited(), Leg::back);
}

TEST_F(PostgresWatchTest, ARefusedLoginIsTheDatabasesVerdict) {
    from_back(postgres::write_error({"FATAL", "28P01", "password authentication failed"}));
    EXPECT_FALSE(watch_.logged_in());
    expect_verdict(Leg::back, Stage::auth, Errc::backend_refused);
    EXPECT_EQ(watch_.refusal_text(), "28P01 password authentication failed");
}

TEST_F(PostgresWatchTest, ALoginCanBeRefusedBehindTheDatabasesYes) {
    accept();
    from_back(postgres::write_error({"FATAL", "3D000", "database \"x\" does not exist"}));
    EXPECT_FALSE(watch_.logged_in());
    expect_verdict(Leg::back, Stage::auth, Errc::backend_refused);
    EXPECT_EQ(watch_.refusal_text(), "3D000 database \"x\" does not exist");
}

TEST_F(PostgresWatchTest, AnErrorOfAQueryIsNoRefusal) {
    log_in();
    auto const error = postgres::write_error({"ERROR", "42P01", "relation does not exist"});
    EXPECT_EQ(from_back(error + ready_), error.size() + ready_.size());
    EXPECT_TRUE(watch_.logged_in());
    EXPECT_FALSE(watch_.verdict());
    EXPECT_EQ(watch_.refusal_text(), "");
}

TEST_F(PostgresWatchTest, ATerminateIsAQuit) {
    log_in();
    from_front(query_ + terminate_);
    expect_verdict(Leg::front, Stage::relay, Errc::client_quit);
}

TEST_F(PostgresWatchTest, ATerminateIsAQuitRightBehindTheDatabasesYes) {
    accept();
    from_front(terminate_);
    expect_verdict(Leg::front, Stage::relay, Errc::client_quit);
}

TEST_F(PostgresWatchTest, AClientThatGoesOnHasNotQuit) {
    log_in();
    from_front(terminate_);
    from_front(query_);
    EXPECT_FALSE(watch_.verdict());
}

TEST_F(PostgresWatchTest, TheEndOfTheBytesDoesNotTakeTheQuitBack) {
    log_in();
    from_front(terminate_);
    from_front({});
    expect_verdict(Leg::front, Stage::relay, Errc::client_quit);
}

TEST_F(PostgresWatchTest, ATerminateInTheMiddleOfALoginIsNoQuit) {
    from_back(postgres::write_auth(Auth::cleartext));
    Buffer bytes = terminate_;
    EXPECT_EQ(watch_.from_front(bytes).error(), Errc::unexpected_packet);
    EXPECT_FALSE(watch_.verdict());
}

TEST_F(PostgresWatchTest, TheKeyIsHandedOverAndNothingIsKeptBackAfterwards) {
    accept();
    auto const key = make_message(message::backend_key_data, Buffer(8, std::byte{1}));
    auto const all = key + ready_ + query_;
    EXPECT_EQ(from_back(all), all.size());
    EXPECT_EQ(keys_, 1U);
}

}  // namespace
}  // namespace sallyport::gateway
