// Contexts: what a back leg asks for and insists on, what a front leg shows and demands.
#include "support/crl.hpp"
#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

namespace sallyport::tls {
namespace {

using test::Connection;
using test::TlsMaterial;

class Context : public testing::Test {
 protected:
    bool connect(FrontSettings const& front, BackWish const& wish,
                 BackSettings const& back = test::back_settings()) {
        front_ = FrontContext::make(front, tickets_).value();
        auto server = front_->make_ssl();
        auto client = test::back_context(back)->make_ssl(wish).value();
        server_ssl_ = server.get();
        client_ssl_ = client.get();
        return connection_.shake(loop_, std::move(server), std::move(client));
    }
    /// The certificate that the client was shown.
    std::string shown() {
        auto const* const certificate = connection_.client.peer().certificate.get();
        return pki::Certificate(share(const_cast<X509*>(certificate))).fingerprint();
    }

    test::Loop loop_;
    TicketKeys tickets_;
    std::shared_ptr<FrontContext> front_;
    Connection connection_{loop_};
    SSL* server_ssl_ = nullptr;  ///< connection_ owns them
    SSL* client_ssl_ = nullptr;
};

BackWish wish_of(std::string version, std::string cipher) {
    auto wish = test::wish_for("db.example");
    wish.version = std::move(version);
    wish.cipher = std::move(cipher);
    return wish;
}

TEST_F(Context, AWishNarrowsTls13ToOneCipher) {
    ASSERT_TRUE(
        connect(test::front_settings(), wish_of("TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256")));
    EXPECT_EQ(connection_.server.peer().version, "TLSv1.3");
    EXPECT_EQ(connection_.server.peer().cipher, "TLS_CHACHA20_POLY1305_SHA256");
}

TEST_F(Context, AWishNarrowsTls12ToOneCipher) {
    ASSERT_TRUE(
        connect(test::front_settings(), wish_of("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")));
    EXPECT_EQ(connection_.server.peer().version, "TLSv1.2");
    EXPECT_EQ(connection_.server.peer().cipher, "ECDHE-ECDSA-AES256-GCM-SHA384");
}

TEST_F(Context, AWishMayNameAVersionAlone) {
    ASSERT_TRUE(connect(test::front_settings(), wish_of("TLSv1.2", "")));
    EXPECT_EQ(connection_.server.peer().version, "TLSv1.2");
}

TEST_F(Context, AWishReachesTheOldestVersion) {
    auto front = test::front_settings();
    front.policy = intermediate(Version::tls_1_0);
    ASSERT_TRUE(connect(front, wish_of("TLSv1", "ECDHE-ECDSA-AES256-SHA")));
    EXPECT_EQ(connection_.client.peer().version, "TLSv1");
    EXPECT_EQ(connection_.client.peer().cipher, "ECDHE-ECDSA-AES256-SHA");
}

TEST_F(Context, ACipherThatThisOpenSslLacksCannotBeMirrored) {
    auto const context = test::back_context();
    EXPECT_EQ(context->make_ssl(wish_of("TLSv1.2", "NO-SUCH-CIPHER")).error(),
              Errc::tls_not_mirrored);
    EXPECT_EQ(context->make_ssl(wish_of("TLSv1.3", "TLS_NO_SUCH")).error(), Errc::tls_not_mirrored);
    EXPECT_EQ(take_errors(), "unknown");
}

TEST_F(Context, ASuiteOfTheOtherKeyTypeBringsTheOtherCertificate) {
    auto const& rsa = TlsMaterial::rsa_server();
    auto front = test::front_settings();
    front.identities.push_back(test::identity_of(rsa));
    ASSERT_TRUE(connect(front, wish_of("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")));
    EXPECT_EQ(shown(), rsa.chain.front().fingerprint());
}

TEST_F(Context, TheClientsCipherOrderIsHonoured) {
    auto back = test::back_settings();
    back.policy.ciphersuites = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
    ASSERT_TRUE(connect(test::front_settings(), test::wish_for("db.example"), back));
    EXPECT_EQ(connection_.server.peer().cipher, "TLS_CHACHA20_POLY1305_SHA256");
}

TEST_F(Context, AnIpAddressIsVerifiedAndNotSentAsAName) {
    ASSERT_TRUE(connect(test::front_settings(), test::wish_for("127.0.0.1")));
    EXPECT_EQ(connection_.server.peer().sni, "");
}

TEST_F(Context, AnotherIpAddressIsRefused) {
    EXPECT_FALSE(connect(test::front_settings(), test::wish_for("127.0.0.2")));
    EXPECT_EQ(connection_.client_error, Errc::certificate_untrusted);
    EXPECT_NE(connection_.client.tls_error().find("IP address mismatch"), std::string::npos);
}

TEST_F(Context, AnotherNameIsRefused) {
    EXPECT_FALSE(connect(test::front_settings(), test::wish_for("other.example")));
    EXPECT_EQ(connection_.client_error, Errc::certificate_untrusted);
    EXPECT_NE(connection_.client.tls_error().find("ostname mismatch"), std::string::npos)
        << connection_.client.tls_error();
}

TEST_F(Context, TheChainAloneIsVerifiedWhereThatIsWanted) {
    auto back = test::back_settings();
    back.verify = VerifyPeer::chain;
    EXPECT_TRUE(connect(test::front_settings(), test::wish_for("other.example"), back));
    EXPECT_EQ(connection_.server.peer().sni, "other.example");
}

TEST_F(Context, AnUnknownChainIsRefusedEvenWithoutItsName) {
    auto back = test::back_settings();
    back.verify = VerifyPeer::chain;
    back.cas = {TlsMaterial::get().other_ca.certificate().get()};
    EXPECT_FALSE(connect(test::front_settings(), test::wish_for("db.example"), back));
    EXPECT_EQ(connection_.client_error, Errc::certificate_untrusted);
}

TEST_F(Context, NothingIsVerifiedWhereThatIsWanted) {
    auto back = test::back_settings();
    back.verify = VerifyPeer::no;
    back.cas.clear();
    EXPECT_TRUE(connect(test::front_settings(), test::wish_for("other.example"), back));
}

TEST_F(Context, TheGroupsOfThePolicyAreUsed) {
    auto front = test::front_settings();
    front.policy.groups = "secp384r1";
    ASSERT_TRUE(connect(front, test::wish_for("db.example")));
    EXPECT_EQ(SSL_get_negotiated_group(server_ssl_), NID_secp384r1);
}

TEST_F(Context, GroupsThatDoNotMeetEndTheHandshake) {
    auto front = test::front_settings();
    front.policy.groups = "secp384r1";
    auto back = test::back_settings();
    back.policy.groups = "X25519";
    EXPECT_FALSE(connect(front, test::wish_for("db.example"), back));
}

TEST_F(Context, TheCertificateRequestNamesTheAcceptableCas) {
    ASSERT_TRUE(connect(test::asking_settings(AskClient::optional), test::wish_for("db.example")));
    STACK_OF(X509_NAME) const* const names = SSL_get0_peer_CA_list(client_ssl_);
    ASSERT_EQ(sk_X509_NAME_num(names), 1);
    EXPECT_EQ(X509_NAME_cmp(sk_X509_NAME_value(names, 0),
                            X509_get_subject_name(TlsMaterial::get().ca.certificate().get())),
              0);
}

TEST_F(Context, TheServersIntermediatesAreSent) {
    auto const root = pki::Authority::create("Root", std::chrono::days(9));
    auto const middle = root.issue_intermediate_like(TlsMaterial::get().ca.certificate());
    auto server = middle.issue_server({"db.example"}, std::chrono::days(3));
    server.chain.resize(1);
    server.chain.push_back(middle.certificate());
    auto front = test::front_settings();
    front.identities = {test::identity_of(server)};
    auto back = test::back_settings();
    back.cas = {root.certificate().get()};
    ASSERT_TRUE(connect(front, test::wish_for("db.example"), back));
    EXPECT_EQ(connection_.client.peer().chain.size(), 3U);
}

TEST_F(Context, ARevokedClientIsRefused) {
    auto const& material = TlsMaterial::get();
    auto const crl = test::make_crl(material.ca, {.revoked = {material.alice.chain.front()}});
    auto front = test::asking_settings(AskClient::required);
    front.crls = {crl.get()};
    auto wish = test::wish_for("db.example");
    auto const identity = test::identity_of(material.alice);
    wish.identity = &identity;
    connect(front, wish);
    EXPECT_EQ(connection_.server_error, Errc::certificate_untrusted);
    EXPECT_NE(connection_.server.tls_error().find("revoked"), std::string::npos);
}

TEST_F(Context, AClientThatIsNotOnTheListIsNotRefused) {
    auto const& material = TlsMaterial::get();
    auto const crl = test::make_crl(material.ca);
    auto front = test::asking_settings(AskClient::required);
    front.crls = {crl.get()};
    auto wish = test::wish_for("db.example");
    auto const identity = test::identity_of(material.alice);
    wish.identity = &identity;
    EXPECT_TRUE(connect(front, wish));
}

TEST_F(Context, AKeyThatIsNotTheCertificatesIsAMismatch) {
    auto front = test::front_settings();
    front.identities.front().key = TlsMaterial::get().alice.key.get();
    EXPECT_EQ(FrontContext::make(front, tickets_).error(), Errc::key_mismatch);
    EXPECT_NE(take_errors(), "unknown");
}

TEST_F(Context, ABadPolicyMakesNoContext) {
    auto front = test::front_settings();
    front.policy.cipher_list = "NO-SUCH-CIPHER";
    EXPECT_EQ(FrontContext::make(front, tickets_).error(), Errc::file_invalid);
    auto back = test::back_settings();
    back.policy.ciphersuites = "TLS_NO_SUCH";
    EXPECT_EQ(BackContext::make(back).error(), Errc::file_invalid);
    take_errors();
}

}  // namespace
}  // namespace sallyport::tls
