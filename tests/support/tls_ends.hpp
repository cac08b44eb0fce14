// What tests of TLS share: a CA with certificates under it, contexts made of them, and a connection
// with both of its ends in one loop.
#pragma once

#include "pki/authority.hpp"
#include "support/loop.hpp"
#include "support/sockets.hpp"
#include "tls/context.hpp"
#include "tls/stream.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::test {

/// The credential as libssl takes it: pointers into it, for as long as it lives.
inline tls::Identity identity_of(pki::Credential const& credential) {
    tls::Identity identity;
    for (auto const& certificate : credential.chain) identity.chain.push_back(certificate.get());
    identity.key = credential.key.get();
    return identity;
}

/// Made once for a test program: keys take time.
struct TlsMaterial {
    pki::Authority ca = pki::Authority::create("Test CA", std::chrono::days(30));
    pki::Authority other_ca = pki::Authority::create("Other CA", std::chrono::days(30));
    pki::Credential server = ca.issue_server({"db.example", "127.0.0.1"}, std::chrono::days(10));
    pki::Credential alice = ca.issue_client("alice", std::chrono::days(10));
    pki::Credential stranger = other_ca.issue_client("stranger", std::chrono::days(10));

    static TlsMaterial const& get() {
        static TlsMaterial const material;
        return material;
    }
    /// Of RSA, which takes longest: only for those who need it.
    static pki::Credential const& rsa_server() {
        static auto const credential =
            get().ca.issue_server({"db.example"}, std::chrono::days(10), pki::KeyType::rsa_2048);
        return credential;
    }
};

/// A server that shows the test CA's certificate and asks for none.
inline tls::FrontSettings front_settings() {
    tls::FrontSettings settings;
    settings.policy = tls::intermediate(tls::Version::tls_1_2);
    settings.identities = {identity_of(TlsMaterial::get().server)};
    settings.trust_id = "trust";
    return settings;
}

/// A server that verifies its clients against the test CA.
inline tls::FrontSettings asking_settings(tls::AskClient ask) {
    auto settings = front_settings();
    settings.ask_client = ask;
    settings.client_cas = {TlsMaterial::get().ca.certificate().get()};
    return settings;
}

/// A client that trusts the test CA.
inline tls::BackSettings back_settings() {
    tls::BackSettings settings;
    settings.policy = tls::intermediate(tls::Version::tls_1_0);
    settings.cas = {TlsMaterial::get().ca.certificate().get()};
    return settings;
}

inline std::shared_ptr<tls::BackContext> back_context(
    tls::BackSettings const& settings = back_settings()) {
    return tls::BackContext::make(settings).value();
}

inline tls::BackWish wish_for(std::string server_name) {
    tls::BackWish wish;
    wish.server_name = std::move(server_name);
    return wish;
}
/// Shows `client`; `identity` holds it, and must live as long as the wish.
inline tls::BackWish wish_as(pki::Credential const& client, tls::Identity& identity) {
    auto wish = wish_for("db.example");
    identity = identity_of(client);
    wish.identity = &identity;
    return wish;
}

/// Both ends of a connection over loopback; what each end's handshake came to.
struct Connection {
    explicit Connection(Loop& loop) : Connection(loop, tcp_pair()) {}
    Connection(Loop& loop, SocketPair pair)
        : server(*loop, pair.ours.release()), client(*loop, pair.peers.release()) {}

    /// True where both ends agree.
    bool shake(Loop& loop, tls::SslPtr server_ssl, tls::SslPtr client_ssl) {
        auto const served = loop.start(server.handshake(std::move(server_ssl)));
        auto const dialled = loop.start(client.handshake(std::move(client_ssl)));
        auto const client_outcome = loop.wait(dialled);
        // A client that gave up without a word (no version to offer) would leave the other waiting.
        if (!client_outcome) client.socket().finish_sending();
        auto const server_outcome = loop.wait(served);
        client_error = client_outcome ? error_code() : client_outcome.error();
        server_error = server_outcome ? error_code() : server_outcome.error();
        return client_outcome && server_outcome;
    }

    tls::Stream server;
    tls::Stream client;
    error_code server_error;
    error_code client_error;
};

/// `stream`'s next bytes, as text; throws what ends it.
inline std::string read_text(Loop& loop, tls::Stream& stream, std::size_t size) {
    Buffer bytes(size);
    loop.run(stream.read_exact(bytes)).value();
    return std::string(as_text(bytes));
}

inline void write_text(Loop& loop, tls::Stream& stream, std::string_view text) {
    loop.run(stream.write_all(as_bytes(text))).value();
}

}  // namespace sallyport::test
