// How a database is asked for a user's verifier: on which connections, by which logins, and what
// its answers mean.
#include "gateway/postgres/verifier_query.hpp"

#include "identity/scram.hpp"
#include "support/script.hpp"
#include "unit/gateway/postgres/database.hpp"
#include "wire/postgres/query.hpp"

namespace sallyport::gateway {
namespace {

using config::SslMode;
using postgres::Auth;
using test::Database;
using Answer = Result<std::optional<ScramVerifier>>;

/// Of the password "pencil", with RFC 7677's salt.
constexpr std::string_view pencil =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
/// The same password and salt with so many iterations that the keys are derived on another thread.
constexpr std::string_view slow_pencil =
    "SCRAM-SHA-256$20001:W22ZaJ0SNY7soEsUEjb6gQ==$AT0Fp9xlK9s1JAr2CByQxFSR7PGKI53JISpZK0gbrec="
    ":T49VwPEbkSwcqFay0t+XxWVrYNgGxfcr9E01bzC7e+0=";

Buffer row_of(std::vector<postgres::Value> const& values) {
    Buffer body;
    Writer out(body);
    out.u16be(static_cast<std::uint16_t>(values.size()));
    for (auto const& value : values) {
        out.u32be(value ? static_cast<std::uint32_t>(value->size()) : 0xffff'ffffU);
        if (value) out.text(*value);
    }
    return postgres::make_message('D', body);
}

class VerifierQueryTest : public testing::Test {
 protected:
    /// Whatever the test has not awaited ends here: a coroutine is not left behind.
    void TearDown() override {
        if (query_) query_->hang_up();
        loop_.until([this] { return answer_->has_value(); });
    }

    void start(SslMode mode) { start(database_.target(mode)); }
    void start(std::shared_ptr<Target> target) {
        target->settings.verifiers.auth_user = "sallyport";
        target->settings.verifiers.auth_query = "SELECT name, verifier FROM get($1)";
        VerifierFiles files;
        files.auth_password = "pencil";
        target->verifier_files = std::make_shared<VerifierFiles>(files);
        target_ = std::move(target);
        query_.emplace(loop_.poller, *target_, 0);
        answer_ = loop_.start(query_->ask(database_.endpoint(), user_));
        database_.accept();
    }
    void start_in_tls(SslMode mode = SslMode::verify_identity) {
        start(mode);
        EXPECT_EQ(database_.read_opening(), postgres::write_ssl_request());
        database_.send("S");
        database_.secure();
    }
    postgres::Startup read_startup() {
        return postgres::read_startup(database_.read_opening()).value();
    }
    void say_auth(Auth kind, std::string_view data = {}) {
        database_.send(postgres::write_auth(kind, as_bytes(data)));
    }
    void offer(std::vector<std::string> const& mechanisms) {
        database_.send(postgres::write_auth(Auth::sasl, postgres::write_mechanisms(mechanisms)));
    }
    /// The end of a login that went well, with all that a database says on the side.
    void welcome() {
        say_auth(Auth::ok);
        database_.say('S', as_bytes(std::string_view("server_version\00015\0", 18)));
        database_.say('N', as_bytes(std::string_view("SNOTICE\0\0", 9)));
        database_.say('K', test::hex("0000004d 01020304"));
        database_.say('Z', as_bytes("I"));
    }
    void start_logged_in() {
        start(SslMode::disabled);
        read_startup();
        welcome();
        read_question();
    }
    Buffer read_question() {
        Buffer all;
        for (int i = 0; i < 4; ++i) {
            auto const message = database_.read_message().whole();
            all.insert(all.end(), message.begin(), message.end());
        }
        return all;
    }
    void reply(std::vector<std::vector<postgres::Value>> const& rows) {
        database_.say('1');
        database_.say('2');
        for (auto const& row : rows) database_.send(row_of(row));
        database_.say('C', as_bytes(std::string_view("SELECT 1\0", 9)));
        database_.say('Z', as_bytes("I"));
    }
    /// The database's side of a SCRAM login; true where auth-user has proved itself.
    bool play_scram(std::vector<std::string> const& mechanisms, Buffer end_point,
                    std::string_view secret = pencil) {
        auto const verifier = ScramVerifier::parse(secret).value();
        offer(mechanisms);
        identity::ScramServer server(std::move(end_point));
        auto const initial = postgres::read_sasl_initial(database_.read_message().body).value();
        mechanism_ = initial.mechanism;
        if (!server.first(initial.mechanism, initial.data)) return false;
        say_auth(Auth::sasl_continue, server.challenge(verifier.salt, verifier.iterations));
        auto const proof = database_.read_message();
        if (!server.prove(as_text(proof.body), verifier)) return false;
        say_auth(Auth::sasl_final, server.final());
        return true;
    }
    static Buffer own_end_point() {
        return test::TlsMaterial::get().server.chain.front().end_point_binding();
    }
    /// Leaves it there, unlike wait(): TearDown() looks whether it has come.
    Answer answer() {
        loop_.until([this] { return answer_->has_value(); });
        return **answer_;
    }
    void expect_verifier() {
        auto const given = answer();
        ASSERT_TRUE(given) << query_->detail();
        ASSERT_TRUE(given->has_value());
        EXPECT_EQ((*given)->salt, "W22ZaJ0SNY7soEsUEjb6gQ==");
    }
    void expect_none() {
        auto const given = answer();
        ASSERT_TRUE(given) << query_->detail();
        EXPECT_FALSE(given->has_value());
    }
    void expect_failure(std::string const& detail) {
        auto const given = answer();
        ASSERT_FALSE(given);
        EXPECT_EQ(given.error(), Errc::verifier_unavailable);
        EXPECT_EQ(query_->detail(), detail);
    }

    test::Loop loop_;
    Database database_{loop_};
    std::shared_ptr<Target> target_;
    std::string user_ = "alice";
    std::optional<VerifierQuery> query_;
    test::Pending<Answer> answer_;
    std::string mechanism_;
};

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
    database_.say('D', test::hex("0001 0000ffff"));
    expect_failure("auth-query: bytes that do not follow the protocol");
}

TEST_F(VerifierQueryTest, AMessageOverTheLimitIsAFailure) {
    start_logged_in();
    database_.send(test::hex("44 00008005"));
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

TEST_F(VerifierQueryTest, LogsInByScramInPlainText) {
    start(SslMode::disabled);
    read_startup();
    ASSERT_TRUE(play_scram({"SCRAM-SHA-256"}, {}));
    EXPECT_EQ(mechanism_, "SCRAM-SHA-256");
    welcome();
    read_question();
    reply({{"alice", pencil}});
    expect_verifier();
}

TEST_F(VerifierQueryTest, BindsScramToTheDatabasesCertificate) {
    start_in_tls();
    read_startup();
    ASSERT_TRUE(play_scram({"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}, own_end_point()));
    EXPECT_EQ(mechanism_, "SCRAM-SHA-256-PLUS");
    welcome();
    read_question();
    reply({{"alice", pencil}});
    expect_verifier();
}

TEST_F(VerifierQueryTest, DoesNotBindWhereTheDatabaseCannot) {
    start_in_tls();
    read_startup();
    ASSERT_TRUE(play_scram({"SCRAM-SHA-256"}, {}));
    EXPECT_EQ(mechanism_, "SCRAM-SHA-256");
}

TEST_F(VerifierQueryTest, ManyIterationsAreNoObstacle) {
    start(SslMode::disabled);
    read_startup();
    ASSERT_TRUE(play_scram({"SCRAM-SHA-256"}, {}, slow_pencil));
    welcome();
    read_question();
    reply({{"alice", pencil}});
    expect_verifier();
}

TEST_F(VerifierQueryTest, ADatabaseThatDoesNotKnowThePasswordIsNotBelieved) {
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

TEST_F(VerifierQueryTest, ADatabaseThatLeavesItsProofOutIsNotBelieved) {
    start(SslMode::disabled);
    read_startup();
    offer({"SCRAM-SHA-256"});
    database_.read_message();
    say_auth(Auth::ok);
    expect_failure("login of auth-user: a packet out of place");
}

TEST_F(VerifierQueryTest, OtherSaslMechanismsAreAFailure) {
    start(SslMode::disabled);
    read_startup();
    offer({"OAUTHBEARER"});
    expect_failure("login of auth-user: the database does not offer SCRAM-SHA-256");
}

TEST_F(VerifierQueryTest, Md5IsAFailureThatSaysWhatToDo) {
    start(SslMode::disabled);
    read_startup();
    say_auth(Auth::md5, "salt");
    expect_failure("login of auth-user: md5 is not supported for auth-user, use SCRAM");
}

TEST_F(VerifierQueryTest, GssIsAFailure) {
    start(SslMode::disabled);
    read_startup();
    say_auth(Auth::gss);
    expect_failure(
        "login of auth-user: the database asks for a kind of authentication that is not spoken "
        "here");
}

TEST_F(VerifierQueryTest, ThePasswordIsSentInClearToAVerifiedDatabase) {
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

TEST_F(VerifierQueryTest, ThePasswordIsNotSentInClearInPlainText) {
    start(SslMode::disabled);
    read_startup();
    say_auth(Auth::cleartext);
    expect_failure(clear_is_refused);
    EXPECT_EQ(database_.stream().socket().receive(std::span<std::byte>()).error(),
              Errc::would_block);
}

TEST_F(VerifierQueryTest, ThePasswordIsNotSentInClearToWhoIsNotVerified) {
    start_in_tls(SslMode::required);
    read_startup();
    say_auth(Auth::cleartext);
    expect_failure(clear_is_refused);
}

}  // namespace
}  // namespace sallyport::gateway
