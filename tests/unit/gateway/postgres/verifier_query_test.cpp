// How a database is asked for a user's verifier: on which connections, and what its answers mean.
#include "unit/gateway/postgres/verifier_query_fixture.hpp"

namespace sallyport::gateway {
namespace {

using namespace test;

TEST_F(VerifierQueryTest, LogsInAsAuthUserAndAsksOneQuestion) {
    start(SslMode::disabled);
    auto const startup = read_startup();
    EXPECT_EQ(startup.protocol, postgres::protocol_3_0);
    EXPECT_EQ(startup.user(), "sallyport");
    EXPECT_EQ(startup.database(), "postgres");
    EXPECT_EQ(startup.find("application_name"), "sallyport");
    welcome();
    postgres::Question const question{"SELECT name, verifier FROM get($1)", {"alice"}, 2};
    EXPECT_EQ(read_question(), postgres::write_question(question));
    reply({{"alice", pencil}});
    expect_verifier();
    EXPECT_EQ(database_.read_message().type, 'X');
    EXPECT_EQ(database_.await_end(), Errc::peer_closed);
}

TEST_F(VerifierQueryTest, TheLastColumnHasTheVerifier) {
    start_logged_in();
    reply({{"alice", std::nullopt, pencil}});
    expect_verifier();
}

TEST_F(VerifierQueryTest, NoRowIsNoVerifier) {
    start_logged_in();
    reply({});
    expect_none();
}

TEST_F(VerifierQueryTest, NullIsNoVerifier) {
    start_logged_in();
    reply({{"alice", std::nullopt}});
    expect_none();
}

TEST_F(VerifierQueryTest, AnotherKindOfPasswordIsNoVerifier) {
    start_logged_in();
    reply({{"alice", "md5a6b1b1d8c1ed2d6d3a1a1ff0ab0e3a7c"}});
    expect_none();
}

TEST_F(VerifierQueryTest, ARowWithoutColumnsIsNoVerifier) {
    start_logged_in();
    reply({{}});
    expect_none();
}

TEST_F(VerifierQueryTest, TwoRowsAreNoAnswer) {
    start_logged_in();
    reply({{"alice", pencil}, {"alice", pencil}});
    expect_failure("auth-query: it gives more than one row for a user");
}

TEST_F(VerifierQueryTest, ARowThatIsNoneIsAFailure) {
    start_logged_in();
    database_.say('D', hex("0001 0000ffff"));
    expect_failure("auth-query: bytes that do not follow the protocol");
}

TEST_F(VerifierQueryTest, AMessageOverTheLimitIsAFailure) {
    start_logged_in();
    database_.send(hex("44 00008005"));
    expect_failure("auth-query: a message before login is too large");
}

TEST_F(VerifierQueryTest, TheDatabasesErrorIsTheDetail) {
    start_logged_in();
    database_.say_error("permission denied for table pg_authid");
    expect_failure("auth-query: permission denied for table pg_authid");
}

TEST_F(VerifierQueryTest, AnErrorAtTheLoginIsTheDetail) {
    start(SslMode::disabled);
    read_startup();
    database_.say_error("role \"sallyport\" does not exist");
    expect_failure("login of auth-user: role \"sallyport\" does not exist");
}

TEST_F(VerifierQueryTest, ADatabaseThatLeavesIsAFailure) {
    start(SslMode::disabled);
    read_startup();
    database_.close();
    expect_failure("login of auth-user: closed cleanly");
}

TEST_F(VerifierQueryTest, WhoHangsUpIsAnswered) {
    start(SslMode::disabled);
    read_startup();
    query_->hang_up();
    expect_failure("login of auth-user: took too long");
}

TEST_F(VerifierQueryTest, ReadyBeforeTheLoginIsAFailure) {
    start(SslMode::disabled);
    read_startup();
    database_.say('Z', as_bytes("I"));
    expect_failure("login of auth-user: a packet out of place");
}

TEST_F(VerifierQueryTest, ARowBeforeTheQuestionIsAFailure) {
    start(SslMode::disabled);
    read_startup();
    say_auth(Auth::ok);
    database_.send(row_of({"alice", pencil}));
    expect_failure("login of auth-user: a packet out of place");
}

TEST_F(VerifierQueryTest, TlsIsVerifiedAndNamesItsProtocol) {
    start_in_tls();
    EXPECT_EQ(database_.stream().peer().alpn, "postgresql");
    read_startup();
    welcome();
    read_question();
    reply({{"alice", pencil}});
    expect_verifier();
}

TEST_F(VerifierQueryTest, TlsWithAnotherNameIsAFailure) {
    auto const target = database_.target(SslMode::verify_identity);
    target->settings.ssl_server_name = "other.example";
    start(target);
    database_.read_opening();
    database_.send("S");
    EXPECT_FALSE(database_.is_secured());
    EXPECT_EQ(answer().error(), Errc::verifier_unavailable);
    EXPECT_EQ(query_->detail().substr(0, 5), "TLS: ");
}

TEST_F(VerifierQueryTest, DirectTlsBeginsAtOnce) {
    auto const target = database_.target(SslMode::verify_identity);
    target->settings.negotiation = config::Negotiation::direct;
    start(target);
    database_.secure();
    EXPECT_EQ(read_startup().user(), "sallyport");
}

TEST_F(VerifierQueryTest, ADatabaseWithoutTlsIsAskedInPlainTextOnlyWherePreferred) {
    start(SslMode::preferred);
    database_.read_opening();
    database_.send("N");
    EXPECT_EQ(read_startup().user(), "sallyport");
}

TEST_F(VerifierQueryTest, ADatabaseWithoutTlsIsAFailureWhereItIsRequired) {
    start(SslMode::required);
    database_.read_opening();
    database_.send("N");
    expect_failure("TLS: the backend offers no TLS");
    query_.reset();
    EXPECT_EQ(database_.await_end(), Errc::peer_closed);
}

}  // namespace
}  // namespace sallyport::gateway
