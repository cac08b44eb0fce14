// Session tickets: who may come back on one, and who has to prove himself again.
#include "support/tls_ends.hpp"
#include "tls/alpn.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace sallyport::tls {
namespace {

using test::Connection;
using test::TlsMaterial;

/// A client of its own, as drivers are.
class Resumption : public testing::TestWithParam<int> {
 protected:
    Resumption() {
        SSL_CTX_set_verify(client_.get(), SSL_VERIFY_NONE, nullptr);
        SSL_CTX_set_max_proto_version(client_.get(), GetParam());
    }

    void show(pki::Credential const& credential) {
        SSL_CTX_use_certificate(client_.get(), credential.chain.front().get());
        SSL_CTX_use_PrivateKey(client_.get(), credential.key.get());
    }

    /// One connection that comes back on the ticket of the last one, if there was one; whether the
    /// server took it. Keeps the new ticket.
    bool connect(FrontContext const& server) {
        Connection connection(loop_);
        SSL* const ssl = SSL_new(client_.get());
        SSL_set_connect_state(ssl);
        if (!alpn_.empty()) offer_alpn(*ssl, alpn_);
        if (session_) SSL_set_session(ssl, session_.get());
        if (!connection.shake(loop_, server.make_ssl(!alpn_.empty()), SslPtr(ssl)))
            throw std::runtime_error("no handshake: " + connection.server.tls_error());
        // In TLS 1.3 the ticket comes with the first bytes.
        test::write_text(loop_, connection.server, "x");
        test::read_text(loop_, connection.client, 1);
        session_.reset(SSL_get1_session(ssl));
        has_certificate_ = connection.server.peer().certificate != nullptr;
        chain_length_ = connection.server.peer().chain.size();
        agreed_ = connection.server.peer().alpn;
        shown_ = fingerprint(connection.server.peer().shown.get());
        X509Ptr const seen(SSL_get1_peer_certificate(ssl));
        seen_ = fingerprint(seen.get());
        // OpenSSL does not resume the session of a connection that ended without a goodbye.
        connection.client.finish(true);
        return connection.server.peer().resumed;
    }

    /// The ticket that the client has now.
    std::string ticket() const {
        unsigned char const* bytes = nullptr;
        std::size_t size = 0;
        SSL_SESSION_get0_ticket(session_.get(), &bytes, &size);
        return std::string(reinterpret_cast<char const*>(bytes), size);
    }
    static std::string fingerprint(X509* certificate) {
        if (certificate == nullptr) return "none";
        return pki::Certificate(share(certificate)).fingerprint();
    }
    /// From now on the client takes nothing but an RSA certificate.
    void want_rsa() {
        SSL_CTX_set1_sigalgs_list(client_.get(), "RSA-PSS+SHA256:RSA+SHA256");
        SSL_CTX_set_cipher_list(client_.get(), "ECDHE-RSA-AES128-GCM-SHA256");
    }

    std::shared_ptr<FrontContext> server(FrontSettings const& settings) {
        return FrontContext::make(settings, tickets_).value();
    }

    test::Loop loop_;
    TicketKeys tickets_;
    SslCtxPtr client_{SSL_CTX_new(TLS_client_method())};
    SslSessionPtr session_;
    std::string alpn_;  ///< to be offered, and required; empty: neither
    std::string agreed_;
    std::string shown_;  ///< what the server says it showed
    std::string seen_;   ///< what the client says it saw
    bool has_certificate_ = false;
    std::size_t chain_length_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Versions, Resumption, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](auto const& version) {
                             return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

TEST_P(Resumption, TheFirstConnectionIsNotAResumedOne) {
    EXPECT_FALSE(connect(*server(test::front_settings())));
}

TEST_P(Resumption, AClientMayComeBackOnItsTicket) {
    auto const context = server(test::front_settings());
    connect(*context);
    EXPECT_TRUE(connect(*context));
}

TEST_P(Resumption, AClientMayComeBackAgainAndAgain) {
    auto const context = server(test::front_settings());
    connect(*context);
    EXPECT_TRUE(connect(*context));
    EXPECT_TRUE(connect(*context));
}

TEST_P(Resumption, GivesEveryConnectionOfTls13ATicketOfItsOwn) {
    auto const context = server(test::front_settings());
    std::vector<std::string> tickets;
    for (bool const is_resumed : {false, true, true}) {
        EXPECT_EQ(connect(*context), is_resumed);
        auto const fresh = ticket();
        ASSERT_FALSE(fresh.empty());
        bool const is_new = std::ranges::count(tickets, fresh) == 0;
        EXPECT_TRUE(is_new || GetParam() == TLS1_2_VERSION);
        tickets.push_back(fresh);
        EXPECT_EQ(shown_, seen_);
    }
}

TEST_P(Resumption, HarmsNoClientThatKeepsNoTickets) {
    SSL_CTX_set_session_cache_mode(client_.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(client_.get(), SSL_OP_NO_TICKET);
    auto const context = server(test::front_settings());
    for (int i = 0; i < 3; ++i) {
        session_.reset();
        EXPECT_FALSE(connect(*context));
        EXPECT_EQ(shown_, seen_);
    }
}

TEST_P(Resumption, AnotherContextOfTheSameTrustTakesTheTicket) {
    connect(*server(test::front_settings()));
    EXPECT_TRUE(connect(*server(test::front_settings())));
}

TEST_P(Resumption, AContextOfAnotherTrustDoesNot) {
    connect(*server(test::front_settings()));
    auto other = test::front_settings();
    other.trust_id = "another trust";
    EXPECT_FALSE(connect(*server(other)));
}

TEST_P(Resumption, OtherTicketKeysDoNot) {
    connect(*server(test::front_settings()));
    TicketKeys others;
    auto const context = FrontContext::make(test::front_settings(), others).value();
    EXPECT_FALSE(connect(*context));
}

TEST_P(Resumption, AResumedSessionKnowsOnlyTheLeafOfItsClient) {
    show(TlsMaterial::get().alice);
    auto const context = server(test::asking_settings(AskClient::required));
    EXPECT_FALSE(connect(*context));
    EXPECT_EQ(chain_length_, 2U);
    EXPECT_TRUE(connect(*context));
    EXPECT_TRUE(has_certificate_);
    EXPECT_EQ(chain_length_, 0U);
}

TEST_P(Resumption, IsAskedOfWhoHasACertificate) {
    show(TlsMaterial::get().alice);
    auto settings = test::asking_settings(AskClient::required);
    std::string asked;
    settings.may_resume = [&](X509& leaf) {
        asked = pki::Certificate(share(&leaf)).subject();
        return true;
    };
    auto const context = server(settings);
    connect(*context);
    EXPECT_EQ(asked, "");
    EXPECT_TRUE(connect(*context));
    EXPECT_EQ(asked, "CN=alice");
}

TEST_P(Resumption, MeansAFullHandshakeWhereItIsDenied) {
    show(TlsMaterial::get().alice);
    auto settings = test::asking_settings(AskClient::required);
    settings.may_resume = [](X509&) { return false; };
    auto const context = server(settings);
    connect(*context);
    EXPECT_FALSE(connect(*context));
    EXPECT_TRUE(has_certificate_);
    EXPECT_EQ(chain_length_, 2U);
}

TEST_P(Resumption, IsNotAskedOfWhoHasNoCertificate) {
    auto settings = test::asking_settings(AskClient::optional);
    settings.may_resume = [](X509&) { return false; };
    auto const context = server(settings);
    connect(*context);
    EXPECT_TRUE(connect(*context));
}

TEST_P(Resumption, WorksWithAnApplicationProtocol) {
    alpn_ = "postgresql";
    show(TlsMaterial::get().alice);
    auto settings = test::asking_settings(AskClient::required);
    settings.alpn = "postgresql";
    auto const context = server(settings);
    EXPECT_FALSE(connect(*context));
    EXPECT_EQ(agreed_, "postgresql");
    EXPECT_TRUE(connect(*context));
    EXPECT_EQ(agreed_, "postgresql");
    EXPECT_TRUE(has_certificate_);
}

TEST_P(Resumption, ShowsTheCertificateOfTheFirstConnectionAgain) {
    auto settings = test::front_settings();
    settings.identities.push_back(test::identity_of(TlsMaterial::rsa_server()));
    for (bool const is_rsa : {false, true}) {
        if (is_rsa) want_rsa();
        session_.reset();
        auto const& credential = is_rsa ? TlsMaterial::rsa_server() : TlsMaterial::get().server;
        auto const expected = credential.chain.front().fingerprint();
        for (bool const is_resumed : {false, true, true}) {
            // A context of its own, in which nothing was chosen yet.
            EXPECT_EQ(connect(*server(settings)), is_resumed);
            EXPECT_EQ(shown_, expected) << is_rsa << is_resumed;
            EXPECT_EQ(seen_, expected) << is_rsa << is_resumed;
        }
    }
}

TEST_P(Resumption, OutlivesTheServersCertificate) {
    connect(*server(test::front_settings()));
    auto const first = seen_;
    auto settings = test::front_settings();
    settings.identities = {test::identity_of(TlsMaterial::rsa_server())};
    EXPECT_TRUE(connect(*server(settings)));
    EXPECT_EQ(seen_, first);
    EXPECT_EQ(shown_, "none");
}

TEST_P(Resumption, MeansAFullHandshakeWhereLoginsAreBoundToAnotherCertificate) {
    auto settings = test::front_settings();
    settings.alpn = "postgresql";
    connect(*server(settings));
    auto const renewed = TlsMaterial::get().ca.issue_server({"db.example"}, std::chrono::days(10));
    settings.identities = {test::identity_of(renewed)};
    EXPECT_FALSE(connect(*server(settings)));
    EXPECT_EQ(shown_, renewed.chain.front().fingerprint());
    EXPECT_EQ(seen_, shown_);
    EXPECT_TRUE(connect(*server(settings)));
    EXPECT_EQ(shown_, seen_);
}

}  // namespace
}  // namespace sallyport::tls
