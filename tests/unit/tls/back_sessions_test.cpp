// Resumed back legs: which connection may go on from which, and for how long.
#include "tls/back_sessions.hpp"

#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sallyport::tls {
namespace {

using namespace std::chrono_literals;
using test::TlsMaterial;

class BackSessionsOf : public testing::TestWithParam<Version> {
 protected:
    BackSessionsOf() : alice_(test::identity_of(TlsMaterial::get().alice)) {
        wish_ = test::wish_for("db.example");
        wish_.version = name(GetParam());
        wish_.resume_at = "127.0.0.1:3306";
    }

    /// One connection with wish_, `later` than now; whether it was resumed.
    bool connect(std::chrono::seconds later = 0s) {
        test::Connection connection(loop_);
        auto ssl = client_->make_ssl(wish_, std::chrono::system_clock::now() + later).value();
        if (!connection.shake(loop_, server_->make_ssl(), std::move(ssl)))
            throw std::runtime_error("no handshake: " + connection.client.tls_error());
        // In TLS 1.3 the ticket comes with the first bytes.
        test::write_text(loop_, connection.server, "x");
        test::read_text(loop_, connection.client, 1);
        server_saw_ =
            connection.server.peer().certificate
                ? pki::Certificate(share(connection.server.peer().certificate.get())).subject()
                : "nobody";
        EXPECT_TRUE(connection.client.peer().certificate);
        EXPECT_EQ(connection.server.peer().resumed, connection.client.peer().resumed);
        return connection.client.peer().resumed;
    }

    std::size_t kept() const {
        auto const ssl = client_->make_ssl(test::wish_for("db.example")).value();
        return BackSessions::of(*ssl).size();
    }
    void serve(FrontSettings const& settings) {
        server_ = FrontContext::make(settings, tickets_).value();
    }

    test::Loop loop_;
    TicketKeys tickets_;
    std::shared_ptr<FrontContext> server_ =
        FrontContext::make(test::asking_settings(AskClient::optional), tickets_).value();
    std::shared_ptr<BackContext> client_ = test::back_context();
    Identity alice_;
    BackWish wish_;
    std::string server_saw_;
};

INSTANTIATE_TEST_SUITE_P(Versions, BackSessionsOf,
                         testing::Values(Version::tls_1_2, Version::tls_1_3),
                         [](auto const& version) {
                             return version.param == Version::tls_1_2 ? "Tls12" : "Tls13";
                         });

TEST_P(BackSessionsOf, ServeConnectionAfterConnection) {
    EXPECT_FALSE(connect());
    EXPECT_TRUE(connect());
    EXPECT_TRUE(connect());
    EXPECT_EQ(kept(), 1U);
}

TEST_P(BackSessionsOf, AreNotKeptUnasked) {
    wish_.resume_at.clear();
    EXPECT_FALSE(connect());
    EXPECT_FALSE(connect());
    EXPECT_EQ(kept(), 0U);
}

TEST_P(BackSessionsOf, AreNotLentToTwoAtOnce) {
    connect();
    auto const first = client_->make_ssl(wish_).value();
    EXPECT_FALSE(connect());
}

TEST_P(BackSessionsOf, AreNotOfferedForAWhileWhenOneMadeAHandshakeFail) {
    connect();
    auto const ssl = client_->make_ssl(wish_).value();
    BackSessions::on_failure(*ssl, std::chrono::system_clock::now());
    EXPECT_FALSE(connect());
    EXPECT_FALSE(connect());
    EXPECT_EQ(kept(), 0U);
}

TEST_P(BackSessionsOf, AreStillOfferedWhenAFullHandshakeFails) {
    auto const ssl = client_->make_ssl(wish_).value();
    connect();
    BackSessions::on_failure(*ssl, std::chrono::system_clock::now());
    EXPECT_TRUE(connect());
}

TEST_P(BackSessionsOf, KeepTheIdentityThatTheServerSaw) {
    wish_.identity = &alice_;
    EXPECT_FALSE(connect());
    EXPECT_TRUE(connect());
    EXPECT_EQ(server_saw_, "CN=alice");
}

TEST_P(BackSessionsOf, AreNotForAnotherIdentity) {
    wish_.identity = &alice_;
    connect();
    wish_.identity = nullptr;
    EXPECT_FALSE(connect());
    EXPECT_EQ(server_saw_, "nobody");
    auto const bob = TlsMaterial::get().ca.issue_client("bob", 24h);
    auto const shown = test::identity_of(bob);
    wish_.identity = &shown;
    EXPECT_FALSE(connect());
    EXPECT_EQ(server_saw_, "CN=bob");
}

TEST_P(BackSessionsOf, AreNotForAnotherPlaceNameOrCipher) {
    connect();
    auto const first = wish_;
    wish_.resume_at = "127.0.0.1:3307";
    EXPECT_FALSE(connect());
    wish_ = first;
    wish_.server_name = "127.0.0.1";
    EXPECT_FALSE(connect());
    wish_ = first;
    wish_.version.clear();
    EXPECT_FALSE(connect());
    wish_ = first;
    bool const is_old = GetParam() == Version::tls_1_2;
    wish_.cipher = is_old ? "ECDHE-ECDSA-AES128-GCM-SHA256" : "TLS_AES_128_GCM_SHA256";
    EXPECT_FALSE(connect());
    wish_ = first;
    EXPECT_TRUE(connect());
}

TEST_P(BackSessionsOf, AreNotForAnotherContext) {
    connect();
    client_ = test::back_context();
    EXPECT_FALSE(connect());
}

TEST_P(BackSessionsOf, HaveATermThatNoNewTicketExtends) {
    connect();
    EXPECT_TRUE(connect(BackSessions::term - 1min));
    EXPECT_FALSE(connect(BackSessions::term + 1s));
}

TEST_P(BackSessionsOf, HaveAShorterTermWithACertificate) {
    wish_.identity = &alice_;
    connect();
    EXPECT_TRUE(connect(BackSessions::mirrored_term - 1min));
    EXPECT_FALSE(connect(BackSessions::mirrored_term + 1s));
}

TEST_P(BackSessionsOf, DoNotOutliveTheServersCertificate) {
    auto const brief = TlsMaterial::get().ca.issue_server({"db.example"}, 10min);
    auto settings = test::front_settings();
    settings.identities = {test::identity_of(brief)};
    serve(settings);
    connect();
    EXPECT_TRUE(connect(9min));
    EXPECT_FALSE(connect(11min));
}

TEST_P(BackSessionsOf, DoNotOutliveTheCertificateThatWasShown) {
    auto const brief = TlsMaterial::get().ca.issue_client("alice", 2min);
    auto const shown = test::identity_of(brief);
    wish_.identity = &shown;
    connect();
    EXPECT_TRUE(connect(1min));
    EXPECT_FALSE(connect(3min));
}

TEST_P(BackSessionsOf, AreNotKeptOfAServerWithAnotherName) {
    wish_.server_name = "other.example";
    EXPECT_THROW(connect(), std::runtime_error);
    EXPECT_EQ(kept(), 0U);
}

BackSessionKey key_number(std::size_t number) {
    return {static_cast<unsigned char>(number % 256), static_cast<unsigned char>(number / 256)};
}

BackSessions::Entry entry_until(BackSessions::Time until) {
    return {SslSessionPtr(SSL_SESSION_new()), until};
}

TEST(BackSessions, AreBoundedForEachKey) {
    BackSessions sessions;
    BackSessions::Time const now{};
    for (std::size_t i = 0; i < 2 * BackSessions::max_per_key; ++i)
        sessions.keep(key_number(0), entry_until(now + 1s), now);
    EXPECT_EQ(sessions.size(), BackSessions::max_per_key);
}

TEST(BackSessions, AreBoundedInAll) {
    BackSessions sessions;
    BackSessions::Time const now{};
    for (std::size_t i = 0; i < 3 * BackSessions::max_sessions; ++i) {
        sessions.keep(key_number(i), entry_until(now + 1s), now);
        ASSERT_LE(sessions.size(), BackSessions::max_sessions);
    }
    EXPECT_TRUE(sessions.take(key_number(3 * BackSessions::max_sessions - 1), now).session);
}

TEST(BackSessions, MakeRoomByDroppingWhatIsOver) {
    BackSessions sessions;
    BackSessions::Time const now{};
    for (std::size_t i = 0; i < BackSessions::max_sessions; ++i)
        sessions.keep(key_number(i), entry_until(now + (i == 7 ? 9s : 1s)), now);
    sessions.keep(key_number(5000), entry_until(now + 9s), now + 2s);
    EXPECT_EQ(sessions.size(), 2U);
    EXPECT_TRUE(sessions.take(key_number(7), now + 2s).session);
}

}  // namespace
}  // namespace sallyport::tls
