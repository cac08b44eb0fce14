// Session tickets: who may come back on one, and who has to prove himself again.
#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace sallyport::tls {
namespace {

using test::Connection;
using test::TlsMaterial;

/// A client of its own, as drivers are: BackContext keeps no sessions.
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
        if (session_) SSL_set_session(ssl, session_.get());
        if (!connection.shake(loop_, server.make_ssl(), SslPtr(ssl)))
            throw std::runtime_error("no handshake: " + connection.server.tls_error());
        // In TLS 1.3 the ticket comes with the first bytes.
        test::write_text(loop_, connection.server, "x");
        test::read_text(loop_, connection.client, 1);
        session_.reset(SSL_get1_session(ssl));
        has_certificate_ = connection.server.peer().certificate != nullptr;
        chain_length_ = connection.server.peer().chain.size();
        // OpenSSL does not resume the session of a connection that ended without a goodbye.
        connection.client.finish(true);
        return connection.server.peer().resumed;
    }

    std::shared_ptr<FrontContext> server(FrontSettings const& settings) {
        return FrontContext::make(settings, tickets_).value();
    }

    test::Loop loop_;
    TicketKeys tickets_;
    SslCtxPtr client_{SSL_CTX_new(TLS_client_method())};
    SslSessionPtr session_;
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

}  // namespace
}  // namespace sallyport::tls
