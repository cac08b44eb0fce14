// The TLS handshake over real sockets: what both ends learn, and the code of each failure.
#include "support/memory_client.hpp"
#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

namespace sallyport::tls {
namespace {

using test::Connection;
using test::TlsMaterial;

class Handshake : public testing::Test {
 protected:
    SslPtr server_ssl(FrontSettings const& settings = test::front_settings()) {
        server_context_ = FrontContext::make(settings, tickets_).value();
        return server_context_->make_ssl();
    }
    static SslPtr client_ssl(BackWish const& wish = test::wish_for("db.example"),
                             BackSettings const& settings = test::back_settings()) {
        return test::back_context(settings)->make_ssl(wish).value();
    }

    test::Loop loop_;
    TicketKeys tickets_;
    std::shared_ptr<FrontContext> server_context_;
    Connection connection_{loop_};
};

TEST_F(Handshake, BothEndsAgreeOnVersionCipherAndName) {
    ASSERT_TRUE(connection_.shake(loop_, server_ssl(), client_ssl()));
    EXPECT_EQ(connection_.server.peer().version, "TLSv1.3");
    EXPECT_EQ(connection_.server.peer().cipher, connection_.client.peer().cipher);
    EXPECT_EQ(connection_.server.peer().sni, "db.example");
    EXPECT_TRUE(connection_.server.is_tls());
    EXPECT_FALSE(connection_.server.peer().resumed);
}

TEST_F(Handshake, TheServerKnowsWhatItShowed) {
    ASSERT_TRUE(connection_.shake(loop_, server_ssl(), client_ssl()));
    auto const& shown = connection_.server.peer().shown;
    ASSERT_NE(shown, nullptr);
    EXPECT_EQ(pki::Certificate(share(shown.get())).fingerprint(),
              TlsMaterial::get().server.chain.front().fingerprint());
}

TEST_F(Handshake, AClientHasShownNothingAsItWasNotAsked) {
    Identity identity;
    auto const wish = test::wish_as(TlsMaterial::get().alice, identity);
    ASSERT_TRUE(connection_.shake(loop_, server_ssl(), client_ssl(wish)));
    EXPECT_EQ(connection_.client.peer().shown, nullptr);
}

TEST_F(Handshake, BytesPassBothWaysAfterIt) {
    ASSERT_TRUE(connection_.shake(loop_, server_ssl(), client_ssl()));
    test::write_text(loop_, connection_.client, "question");
    EXPECT_EQ(test::read_text(loop_, connection_.server, 8), "question");
    test::write_text(loop_, connection_.server, "answer");
    EXPECT_EQ(test::read_text(loop_, connection_.client, 6), "answer");
}

TEST_F(Handshake, WorksOverAUnixSocket) {
    Connection connection(loop_, test::unix_pair());
    EXPECT_TRUE(connection.shake(loop_, server_ssl(), client_ssl()));
}

TEST_F(Handshake, TheClientHasTheServersVerifiedChain) {
    ASSERT_TRUE(connection_.shake(loop_, server_ssl(), client_ssl()));
    auto const& chain = connection_.client.peer().chain;
    ASSERT_EQ(chain.size(), 2U);
    pki::Certificate const leaf(share(chain.front().get()));
    EXPECT_EQ(leaf.fingerprint(), TlsMaterial::get().server.chain.front().fingerprint());
}

TEST_F(Handshake, AClientThatShowsNoCertificateHasNone) {
    auto const settings = test::asking_settings(AskClient::optional);
    ASSERT_TRUE(connection_.shake(loop_, server_ssl(settings), client_ssl()));
    EXPECT_EQ(connection_.server.peer().certificate, nullptr);
    EXPECT_TRUE(connection_.server.peer().chain.empty());
}

TEST_F(Handshake, AClientsCertificateIsVerifiedAndItsChainKept) {
    Identity identity;
    auto const wish = test::wish_as(TlsMaterial::get().alice, identity);
    auto const settings = test::asking_settings(AskClient::required);
    ASSERT_TRUE(connection_.shake(loop_, server_ssl(settings), client_ssl(wish)));
    auto const& peer = connection_.server.peer();
    ASSERT_NE(peer.certificate, nullptr);
    EXPECT_EQ(pki::Certificate(share(peer.certificate.get())).subject(), "CN=alice");
    EXPECT_EQ(peer.chain.size(), 2U);
}

TEST_F(Handshake, AServerThatDoesNotAskSeesNoCertificate) {
    Identity identity;
    auto const wish = test::wish_as(TlsMaterial::get().alice, identity);
    ASSERT_TRUE(connection_.shake(loop_, server_ssl(), client_ssl(wish)));
    EXPECT_EQ(connection_.server.peer().certificate, nullptr);
}

TEST_F(Handshake, AServerOfAnotherCaIsUntrusted) {
    auto settings = test::back_settings();
    settings.cas = {TlsMaterial::get().other_ca.certificate().get()};
    auto const wish = test::wish_for("db.example");
    EXPECT_FALSE(connection_.shake(loop_, server_ssl(), client_ssl(wish, settings)));
    EXPECT_EQ(connection_.client_error, Errc::certificate_untrusted);
    EXPECT_NE(connection_.client.tls_error().find("unable to get local issuer"), std::string::npos)
        << connection_.client.tls_error();
    // The other end is told by an alert.
    EXPECT_EQ(connection_.server_error, Errc::tls_failed);
    EXPECT_NE(connection_.server.tls_error().find("unknown ca"), std::string::npos)
        << connection_.server.tls_error();
}

TEST_F(Handshake, AClientOfAnotherCaIsUntrusted) {
    Identity identity;
    auto const wish = test::wish_as(TlsMaterial::get().stranger, identity);
    auto const settings = test::asking_settings(AskClient::optional);
    connection_.shake(loop_, server_ssl(settings), client_ssl(wish));
    EXPECT_EQ(connection_.server_error, Errc::certificate_untrusted);
}

TEST_F(Handshake, AMissingClientCertificateIsRequired) {
    auto const settings = test::asking_settings(AskClient::required);
    connection_.shake(loop_, server_ssl(settings), client_ssl());
    EXPECT_EQ(connection_.server_error, Errc::certificate_required);
}

TEST_F(Handshake, AClientIsToldOfItsMissingCertificateWhenItReads) {
    // In TLS 1.3 a client is done before the server has judged it.
    auto const settings = test::asking_settings(AskClient::required);
    connection_.shake(loop_, server_ssl(settings), client_ssl());
    ASSERT_FALSE(connection_.client_error) << connection_.client_error;
    Buffer bytes(1);
    EXPECT_EQ(loop_.run(connection_.client.read_exact(bytes)).error(), Errc::tls_failed);
    EXPECT_NE(connection_.client.tls_error().find("certificate required"), std::string::npos)
        << connection_.client.tls_error();
}

TEST_F(Handshake, VersionsThatDoNotMeetAreNoAgreementOnEitherEnd) {
    auto settings = test::front_settings();
    settings.policy = intermediate(Version::tls_1_3);
    auto wish = test::wish_for("db.example");
    wish.version = "TLSv1.2";
    EXPECT_FALSE(connection_.shake(loop_, server_ssl(settings), client_ssl(wish)));
    EXPECT_EQ(connection_.server_error, Errc::tls_no_agreement);
    EXPECT_EQ(connection_.client_error, Errc::tls_no_agreement);
}

TEST_F(Handshake, CiphersThatDoNotMeetAreNoAgreementOnEitherEnd) {
    auto settings = test::front_settings();
    settings.policy.ciphersuites = "TLS_AES_128_GCM_SHA256";
    auto wish = test::wish_for("db.example");
    wish.version = "TLSv1.3";
    wish.cipher = "TLS_AES_256_GCM_SHA384";
    EXPECT_FALSE(connection_.shake(loop_, server_ssl(settings), client_ssl(wish)));
    EXPECT_EQ(connection_.server_error, Errc::tls_no_agreement);
    EXPECT_EQ(connection_.client_error, Errc::tls_no_agreement);
}

/// A peer that the test speaks for byte by byte.
class RawHandshake : public Handshake {
 protected:
    test::Pending<Result<void>> serve() { return loop_.start(server_.handshake(server_ssl())); }
    static Buffer client_hello() {
        test::MemoryClient client(client_ssl());
        client.shake();
        return client.take();
    }

    test::SocketPair pair_ = test::unix_pair();
    Stream server_{*loop_, pair_.ours.release()};
};

TEST_F(RawHandshake, GarbageIsAFailure) {
    auto const served = serve();
    pair_.peers.send(as_bytes("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_EQ(loop_.wait(served).error(), Errc::tls_failed);
    EXPECT_NE(server_.tls_error().find("http request"), std::string::npos) << server_.tls_error();
}

TEST_F(RawHandshake, RandomBytesAreAFailure) {
    auto const served = serve();
    pair_.peers.send(Buffer(64, std::byte{0xa5}));
    auto const error = loop_.wait(served).error();
    EXPECT_TRUE(error == Errc::tls_failed || error == Errc::tls_no_agreement) << error;
}

TEST_F(RawHandshake, APeerThatLeavesAtOnceHasVanished) {
    auto const served = serve();
    pair_.peers.close();
    EXPECT_EQ(loop_.wait(served).error(), Errc::peer_vanished);
}

TEST_F(RawHandshake, APeerThatLeavesInTheMiddleOfItsHelloHasVanished) {
    auto const served = serve();
    auto const hello = client_hello();
    pair_.peers.send(Bytes(hello).first(hello.size() / 2));
    loop_.settle();
    pair_.peers.close();
    EXPECT_EQ(loop_.wait(served).error(), Errc::peer_vanished);
}

TEST_F(RawHandshake, APeerThatLeavesAfterItsHelloHasVanished) {
    auto const served = serve();
    pair_.peers.send(client_hello());
    loop_.settle();
    pair_.peers.close();
    EXPECT_EQ(loop_.wait(served).error(), Errc::peer_vanished);
}

TEST_F(RawHandshake, AHelloMayComeByteByByte) {
    auto const served = serve();
    test::MemoryClient client(client_ssl());
    client.shake();
    for (std::byte const byte : client.take()) {
        pair_.peers.send(Bytes(&byte, 1));
        ASSERT_TRUE(loop_.settle());
    }
    client.shake(loop_, pair_.peers);
    EXPECT_TRUE(loop_.wait(served));
}

TEST_F(RawHandshake, AHelloMayComeInOneSegmentWithPlainBytesBeforeIt) {
    // As with MySQL's SSLRequest: exactly its bytes are read, the rest is TLS's.
    test::MemoryClient client(client_ssl());
    client.shake();
    Buffer segment(as_bytes("plain").begin(), as_bytes("plain").end());
    auto const hello = client.take();
    segment.insert(segment.end(), hello.begin(), hello.end());
    pair_.peers.send(segment);
    EXPECT_EQ(test::read_text(loop_, server_, 5), "plain");
    auto const served = serve();
    client.shake(loop_, pair_.peers);
    EXPECT_TRUE(loop_.wait(served));
}

TEST_F(RawHandshake, HangUpEndsIt) {
    auto const served = serve();
    loop_.settle();
    server_.socket().hang_up();
    EXPECT_EQ(loop_.wait(served).error(), Errc::peer_vanished);
}

}  // namespace
}  // namespace sallyport::tls
