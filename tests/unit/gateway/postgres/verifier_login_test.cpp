// How auth-user logs in to ask for verifiers, and what it does not do for a database that has not
// proved itself.
#include "unit/gateway/postgres/verifier_query_fixture.hpp"

namespace sallyport::gateway {
namespace {

using namespace test;

using VerifierLoginTest = VerifierQueryTest;

/// The same password and salt with so many iterations that the keys are derived on another thread.
constexpr std::string_view slow_pencil =
    "SCRAM-SHA-256$20001:W22ZaJ0SNY7soEsUEjb6gQ==$AT0Fp9xlK9s1JAr2CByQxFSR7PGKI53JISpZK0gbrec="
    ":T49VwPEbkSwcqFay0t+XxWVrYNgGxfcr9E01bzC7e+0=";

TEST_F(VerifierLoginTest, LogsInByScramInPlainText) {
    start(SslMode::disabled);
    read_startup();
    ASSERT_TRUE(play_scram({"SCRAM-SHA-256"}, {}));
    EXPECT_EQ(mechanism_, "SCRAM-SHA-256");
    welcome();
    read_question();
    reply({{"alice", pencil}});
    expect_verifier();
}

TEST_F(VerifierLoginTest, BindsScramToTheDatabasesCertificate) {
    start_in_tls();
    read_startup();
    ASSERT_TRUE(play_scram({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}, own_end_point()));
    EXPECT_EQ(mechanism_, "SCRAM-SHA-256-PLUS");
    welcome();
    read_question();
    reply({{"alice", pencil}});
    expect_verifier();
}

TEST_F(VerifierLoginTest, DoesNotBindWhereTheDatabaseCannot) {
    start_in_tls();
    read_startup();
    ASSERT_TRUE(play_scram({"SCRAM-SHA-256"}, {}));
    EXPECT_EQ(mechanism_, "SCRAM-SHA-256");
}

TEST_F(VerifierLoginTest, ManyIterationsAreNoObstacle) {
    start(SslMode::disabled);
    read_startup();
    ASSERT_TRUE(play_scram({"SCRAM-SHA-256"}, {}, slow_pencil));
    welcome();
    read_question();
    reply({{"alice", pencil}});
    expect_verifier();
}

TEST_F(VerifierLoginTest, ADatabaseThatDoesNotKnowThePasswordIsNotBelieved) {
    start(SslMode::disabled);
    read_startup();
    offer({"SCRAM-SHA-256"});
    identity::ScramServer server({});
    auto const initial = postgres::read_sasl_initial(database_.read_message().body).value();
    ASSERT_TRUE(server.first(initial.mechanism, initial.data));
    say_auth(Auth::sasl_continue, server.challenge("W22ZaJ0SNY7soEsUEjb6gQ==", 4096));
    database_.read_message();
    say_auth(Auth::sasl_final, "v=wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
    expect_failure(
        "login of auth-user: the database cannot prove that it knows auth-user's "
        "password");
}

TEST_F(VerifierLoginTest, ADatabaseThatLeavesItsProofOutIsNotBelieved) {
    start(SslMode::disabled);
    read_startup();
    offer({"SCRAM-SHA-256"});
    database_.read_message();
    say_auth(Auth::ok);
    expect_failure("login of auth-user: a packet out of place");
}

TEST_F(VerifierLoginTest, OtherSaslMechanismsAreAFailure) {
    start(SslMode::disabled);
    read_startup();
    offer({"OAUTHBEARER"});
    expect_failure("login of auth-user: the database does not offer SCRAM-SHA-256");
}

TEST_F(VerifierLoginTest, Md5IsAFailureThatSaysWhatToDo) {
    start(SslMode::disabled);
    read_startup();
    say_auth(Auth::md5, "salt");
    expect_failure("login of auth-user: md5 is not supported for auth-user, use SCRAM");
}

TEST_F(VerifierLoginTest, GssIsAFailure) {
    start(SslMode::disabled);
    read_startup();
    say_auth(Auth::gss);
    expect_failure(
        "login of auth-user: the database asks for a kind of authentication that is not spoken "
        "here");
}

TEST_F(VerifierLoginTest, ThePasswordIsSentInClearToAVerifiedDatabase) {
    start_in_tls();
    read_startup();
    say_auth(Auth::cleartext);
    auto const message = database_.read_message();
    EXPECT_EQ(message.whole(), postgres::write_password("pencil"));
    welcome();
    read_question();
    reply({{"alice", pencil}});
    expect_verifier();
}

std::string const clear_is_refused =
    "login of auth-user: the database asks for the password in clear, which it gets only with "
    "ssl-mode VERIFY_CA or VERIFY_IDENTITY, or on a Unix socket";

TEST_F(VerifierLoginTest, ThePasswordIsNotSentInClearInPlainText) {
    start(SslMode::disabled);
    read_startup();
    say_auth(Auth::cleartext);
    expect_failure(clear_is_refused);
    EXPECT_EQ(database_.stream().socket().receive(std::span<std::byte>()).error(),
              Errc::would_block);
}

TEST_F(VerifierLoginTest, ThePasswordIsNotSentInClearWhereVerifyingIsWantedAndThereIsNoTls) {
    auto const target = database_.target(SslMode::disabled);
    target->settings.ssl_mode = SslMode::verify_identity;
    start(target);
    read_startup();
    say_auth(Auth::cleartext);
    expect_failure(clear_is_refused);
}

TEST_F(VerifierLoginTest, ThePasswordIsNotSentInClearToWhoIsNotVerified) {
    start_in_tls(SslMode::required);
    read_startup();
    say_auth(Auth::cleartext);
    expect_failure(clear_is_refused);
}

}  // namespace
}  // namespace sallyport::gateway
