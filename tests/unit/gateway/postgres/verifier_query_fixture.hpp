// What the tests of a question for a verifier share: the question under way, and the database's
// side of it.
#pragma once

#include "gateway/postgres/verifier_query.hpp"
#include "identity/scram.hpp"
#include "support/script.hpp"
#include "unit/gateway/postgres/database.hpp"
#include "wire/postgres/query.hpp"

namespace sallyport::gateway::test {

using config::SslMode;
using postgres::Auth;
using Answer = Result<std::optional<ScramVerifier>>;

/// Of the password "pencil", with RFC 7677's salt.
inline constexpr std::string_view pencil =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

/// The whole message: a row with these values.
inline Buffer row_of(std::vector<postgres::Value> const& values) {
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
        query_.emplace(*loop_, *target_, 0);
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
        database_.say('K', hex("0000004d 01020304"));
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
        return TlsMaterial::get().server.chain.front().end_point_binding();
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

    Loop loop_;
    Database database_{loop_};
    std::shared_ptr<Target> target_;
    std::string user_ = "alice";
    std::optional<VerifierQuery> query_;
    Pending<Answer> answer_;
    std::string mechanism_;
};

}  // namespace sallyport::gateway::test
