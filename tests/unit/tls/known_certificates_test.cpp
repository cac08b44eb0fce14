// Certificates that many connections are shown, and the keys of the key exchange: what a connection
// keeps, and that nobody is trusted or refused for it.
#include "tls/known_certificates.hpp"

#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

#include <list>
#include <string>

namespace sallyport::tls {
namespace {

using test::Connection;
using test::TlsMaterial;

class KnownCertificatesTest : public testing::Test {
 protected:
    /// One more handshake; its connection stays open.
    bool connect(FrontContext const& server, BackContext const& client,
                 BackWish const& wish = test::wish_for("db.example")) {
        auto ssl = client.make_ssl(wish).value();
        client_ssl_ = ssl.get();
        return connections_.emplace_back(loop_).shake(loop_, server.make_ssl(), std::move(ssl));
    }
    /// What the latest connection's client was shown.
    X509* seen_by_client() { return connections_.back().client.peer().certificate.get(); }
    X509* seen_by_server() { return connections_.back().server.peer().certificate.get(); }

    std::shared_ptr<FrontContext> server(FrontSettings const& settings = test::front_settings()) {
        return FrontContext::make(settings, tickets_).value();
    }

    test::Loop loop_;
    TicketKeys tickets_;
    std::list<Connection> connections_;
    SSL* client_ssl_ = nullptr;  ///< of the latest connection
};

TEST_F(KnownCertificatesTest, ConnectionsToOneServerShareItsChain) {
    auto const database = server();
    auto const client = test::back_context();
    ASSERT_TRUE(connect(*database, *client));
    auto* const first = seen_by_client();
    ASSERT_TRUE(connect(*database, *client));
    EXPECT_EQ(seen_by_client(), first);
    EXPECT_EQ(connections_.back().client.peer().chain.front().get(), first);
    EXPECT_EQ(sk_X509_value(SSL_get_peer_cert_chain(client_ssl_), 0), first);
}

TEST_F(KnownCertificatesTest, ConnectionsOfOneClientShareItsCertificate) {
    Identity identity;
    auto const wish = test::wish_as(TlsMaterial::get().alice, identity);
    auto const door = server(test::asking_settings(AskClient::required));
    auto const client = test::back_context();
    ASSERT_TRUE(connect(*door, *client, wish));
    auto* const first = seen_by_server();
    ASSERT_NE(first, nullptr);
    ASSERT_TRUE(connect(*door, *client, wish));
    EXPECT_EQ(seen_by_server(), first);
}

TEST_F(KnownCertificatesTest, WithoutVerificationTheyShareAsWell) {
    auto settings = test::back_settings();
    settings.verify = VerifyPeer::no;
    settings.cas = {};
    auto const database = server();
    auto const client = test::back_context(settings);
    ASSERT_TRUE(connect(*database, *client));
    auto* const first = seen_by_client();
    ASSERT_TRUE(connect(*database, *client));
    EXPECT_EQ(seen_by_client(), first);
}

TEST_F(KnownCertificatesTest, AnotherCertificateIsSeenAsItIs) {
    auto const renewed = TlsMaterial::get().ca.issue_server({"db.example"}, std::chrono::days(10));
    auto settings = test::front_settings();
    settings.identities = {test::identity_of(renewed)};
    auto const client = test::back_context();
    ASSERT_TRUE(connect(*server(), *client));
    auto const other = server(settings);
    ASSERT_TRUE(connect(*other, *client));
    EXPECT_EQ(pki::Certificate(share(seen_by_client())).fingerprint(),
              renewed.chain.front().fingerprint());
}

TEST_F(KnownCertificatesTest, AKnownCertificateIsVerifiedAnew) {
    auto const database = server();
    auto const client = test::back_context();
    ASSERT_TRUE(connect(*database, *client));
    EXPECT_FALSE(connect(*database, *client, test::wish_for("another.example")));
    EXPECT_EQ(connections_.back().client_error, Errc::certificate_untrusted);
    EXPECT_TRUE(connect(*database, *client));
}

TEST_F(KnownCertificatesTest, AnUntrustedCertificateStaysUntrusted) {
    Identity identity;
    auto const wish = test::wish_as(TlsMaterial::get().stranger, identity);
    auto const door = server(test::asking_settings(AskClient::optional));
    auto const client = test::back_context();
    for (int attempt = 0; attempt < 2; ++attempt) {
        connect(*door, *client, wish);
        EXPECT_EQ(connections_.back().server_error, Errc::certificate_untrusted);
    }
}

TEST_F(KnownCertificatesTest, MoreCertificatesThanAreRememberedAreTakenAllTheSame) {
    auto const door = server(test::asking_settings(AskClient::required));
    auto const client = test::back_context();
    std::size_t const many = max_known_certificates + 1;
    for (std::size_t number = 0; number < many; ++number) {
        auto const user =
            TlsMaterial::get().ca.issue_client(std::to_string(number), std::chrono::days(10));
        Identity identity;
        auto const wish = test::wish_as(user, identity);
        connections_.clear();
        ASSERT_TRUE(connect(*door, *client, wish));
        ASSERT_TRUE(connect(*door, *client, wish));
        EXPECT_EQ(seen_by_server(), connections_.front().server.peer().certificate.get());
        EXPECT_EQ(pki::Certificate(share(seen_by_server())).fingerprint(),
                  user.chain.front().fingerprint());
    }
}

/// The groups that the client offers; P-256 at least, which is the certificate's in TLS 1.2.
class ForgottenKeys : public KnownCertificatesTest,
                      public testing::WithParamInterface<char const*> {};

INSTANTIATE_TEST_SUITE_P(Groups, ForgottenKeys, testing::Values("X25519:prime256v1", "prime256v1"),
                         [](auto const& group) { return group.index == 0 ? "X25519" : "P256"; });

TEST_P(ForgottenKeys, AreGoneAfterTheHandshakeAndAreNotMissed) {
    for (Version const version : {Version::tls_1_2, Version::tls_1_3}) {
        auto settings = test::back_settings();
        settings.policy.groups = GetParam();
        settings.policy.maximum = version;
        ASSERT_TRUE(connect(*server(), *test::back_context(settings)));
        auto& [ours, peers, our_error, peers_error] = connections_.back();
        ASSERT_FALSE(our_error || peers_error);
        for (int const which : {SSL_CTRL_GET_TMP_KEY, SSL_CTRL_GET_PEER_TMP_KEY}) {
            EVP_PKEY* key = nullptr;
            if (SSL_ctrl(client_ssl_, which, 0, &key) != 1) continue;
            EvpPkeyPtr const shared(key);
            EXPECT_EQ(EVP_PKEY_get0_provider(key), nullptr) << name(version);
        }
        if (version == Version::tls_1_3) SSL_key_update(client_ssl_, SSL_KEY_UPDATE_REQUESTED);
        for (int round = 0; round < 2; ++round) {
            test::write_text(loop_, peers, "question");
            EXPECT_EQ(test::read_text(loop_, ours, 8), "question");
            test::write_text(loop_, ours, "answer");
            EXPECT_EQ(test::read_text(loop_, peers, 6), "answer");
        }
    }
}

}  // namespace
}  // namespace sallyport::tls
