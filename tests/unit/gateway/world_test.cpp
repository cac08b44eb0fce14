// A World is built whole from a configuration, and what outlives it is found again by the next one.
#include "gateway/world.hpp"

#include "support/addresses.hpp"
#include "support/files.hpp"
#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace sallyport::gateway {
namespace {

using config::MirrorMode;
using test::TlsMaterial;
using WorldPtr = std::shared_ptr<World const>;

class WorldTest : public testing::Test {
 protected:
    WorldTest() {
        config_.source = files_.write("sallyport.toml", "");
        config_.data_dir = files_.directory() / "data";
        config_.backends = {test::backend_at("orders", test::tcp_address("db1"))};
        backend().ssl_ca = files_.write("db-ca.crt", TlsMaterial::get().ca.certificate().to_pem());
        config_.listeners = {test::listener_at("front", test::tcp_address("127.0.0.1"), "orders")};
        files_.serve(tls(), "server", TlsMaterial::get().server);
    }

    config::Backend& backend() { return config_.backends.front(); }
    config::Listener& listener() { return config_.listeners.front(); }
    config::Tls& tls() { return listener().tls; }
    void verify_clients() {
        tls().ssl_ca = files_.write("clients.crt", TlsMaterial::get().ca.certificate().to_pem());
    }

    WorldPtr build(World const* previous = nullptr) {
        auto const built = World::build(config_, estate_, previous);
        if (!built) throw std::runtime_error(built.error().what());
        return *built;
    }
    Fault fault() {
        auto const built = World::build(config_, estate_);
        if (built) throw std::runtime_error("it was built");
        return built.error();
    }
    /// What the first listener offers, in its order.
    static std::vector<std::string> offered(World const& world) {
        std::vector<std::string> names;
        STACK_OF(SSL_CIPHER)* const ciphers =
            SSL_CTX_get_ciphers(&world.doors().front()->tls->native());
        for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i)
            names.emplace_back(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)));
        return names;
    }

    test::Files files_;
    config::Config config_;
    Estate estate_;
};

TEST_F(WorldTest, HasADoorForEachListenerThatLeadsToItsTarget) {
    config_.backends.push_back(test::backend_at("stock", test::tcp_address("db2")));
    config_.backends.back().ssl_mode = config::SslMode::disabled;
    config_.listeners.push_back(
        test::listener_at("second", test::unix_address("/run/s.sock"), "stock"));
    config_.listeners.back().tls = tls();
    auto const world = build();
    ASSERT_EQ(world->doors().size(), 2U);
    EXPECT_EQ(world->doors()[0]->target->settings.name, "orders");
    EXPECT_EQ(world->doors()[1]->target->settings.name, "stock");
    EXPECT_EQ(world->doors()[1]->target, world->targets()[1]);
}

TEST_F(WorldTest, MakesItsDataDirectoryForTheOwnerOnly) {
    build();
    EXPECT_EQ(pki::test::mode_of(config_.data_dir), 0700U);
}

TEST_F(WorldTest, SaysWhereItsDataDirectoryCannotBeMade) {
    config_.data_dir = files_.write("data", "a file") / "below";
    EXPECT_EQ(fault().code, Errc::file_unreadable);
    EXPECT_EQ(fault().file, config_.data_dir);
}

TEST_F(WorldTest, WatchesEverythingThatWasRead) {
    verify_clients();
    auto const world = build();
    for (auto const& file : {config_.source, backend().ssl_ca, tls().ssl_cert.front(),
                             tls().ssl_key.front(), tls().ssl_ca})
        EXPECT_NE(std::ranges::find(world->files(), file), world->files().end()) << file;
}

TEST_F(WorldTest, HasNoTlsWhereNoCertificateIsServed) {
    tls() = {};
    tls().auto_tls = false;
    auto const world = build();
    EXPECT_EQ(world->doors().front()->tls, nullptr);
    EXPECT_TRUE(world->doors().front()->credentials.empty());
}

TEST_F(WorldTest, HasNoBackTlsWhereSslModeIsDisabled) {
    EXPECT_NE(build()->targets().front()->tls, nullptr);
    backend().ssl_mode = config::SslMode::disabled;
    EXPECT_EQ(build()->targets().front()->tls, nullptr);
}

TEST_F(WorldTest, AutoTlsIsMadeForTheListenersAddresses) {
    tls() = {};
    listener().address.host = "192.0.2.7";
    auto const world = build();
    auto const names = world->doors().front()->credentials.front().chain.front().names();
    EXPECT_NE(std::ranges::find(names, "192.0.2.7"), names.end());
    EXPECT_EQ(world->renewables().size(), 1U);
}

TEST_F(WorldTest, AWildcardAddressIsNoNameForAutoTls) {
    tls() = {};
    listener().address.host = "0.0.0.0";
    auto const world = build();
    auto const names = world->doors().front()->credentials.front().chain.front().names();
    EXPECT_EQ(std::ranges::find(names, "0.0.0.0"), names.end());
}

TEST_F(WorldTest, IsNotBuiltFromBadMaterial) {
    files_.write("server.crt", "garbage");
    EXPECT_EQ(fault().file, tls().ssl_cert.front());
}

TEST_F(WorldTest, IsNotBuiltFromABadBackendCa) {
    files_.write("db-ca.crt", "garbage");
    EXPECT_EQ(fault().file, backend().ssl_ca);
}

TEST_F(WorldTest, IsNotBuiltFromACipherListThatNamesNothing) {
    tls().ssl_cipher = "NO-SUCH-CIPHER";
    auto const why = fault();
    EXPECT_EQ(why.file, config_.source);
    EXPECT_NE(why.reason.find("front"), std::string::npos);
    EXPECT_NE(why.hint.find("ssl-cipher"), std::string::npos);
}

TEST_F(WorldTest, AFailedBuildLeavesTheEstateOfTheOldOneUsable) {
    auto const before = build();
    files_.write("server.crt", "garbage");
    fault();
    files_.write("server.crt", pki::to_pem(TlsMaterial::get().server.chain));
    EXPECT_EQ(build(before.get())->targets().front()->backend, before->targets().front()->backend);
}

TEST_F(WorldTest, KeepsWhatIsKnownOfABackendThatStaysWhereItIs) {
    auto const before = build();
    backend().mirror = MirrorMode::strict;
    EXPECT_EQ(build()->targets().front()->backend, before->targets().front()->backend);
}

TEST_F(WorldTest, KnowsNothingYetOfABackendThatMoved) {
    auto const before = build();
    backend().addresses.front().port = 3307;
    EXPECT_NE(build()->targets().front()->backend, before->targets().front()->backend);
}

TEST_F(WorldTest, AMissingIntermediateIsKnownFromTheWorldBefore) {
    auto const middle = TlsMaterial::get().ca.issue_intermediate_like(
        pki::Authority::create("Intermediate", std::chrono::days(9)).certificate());
    auto credential = middle.issue_server({"db.example"}, std::chrono::days(3));
    credential.chain.resize(1);
    credential.chain.push_back(middle.certificate());
    files_.write("server.crt", pki::to_pem(credential.chain));
    files_.write("server.key", credential.key.to_pem());
    auto const before = build();
    files_.write("server.crt", credential.chain.front().to_pem());
    auto const built = World::build(config_, estate_, before.get());
    ASSERT_FALSE(built);
    EXPECT_EQ(built.error().code, Errc::chain_incomplete);
}

TEST_F(WorldTest, MirrorsOnlyWhereClientsAreVerified) {
    EXPECT_EQ(build()->doors().front()->mirror, nullptr);
    EXPECT_EQ(build()->mirror_bundle(), "");
    verify_clients();
    EXPECT_NE(build()->doors().front()->mirror, nullptr);
    EXPECT_NE(build()->mirror_bundle().find("BEGIN CERTIFICATE"), std::string::npos);
    tls().client_certificate = config::ClientCertificate::none;
    EXPECT_EQ(build()->doors().front()->mirror, nullptr);
}

TEST_F(WorldTest, KeepsTheMirrorOfUnchangedClientCas) {
    verify_clients();
    auto const before = build();
    EXPECT_EQ(build()->doors().front()->mirror, before->doors().front()->mirror);
    files_.write("clients.crt", TlsMaterial::get().other_ca.certificate().to_pem());
    EXPECT_NE(build()->doors().front()->mirror, before->doors().front()->mirror);
}

TEST_F(WorldTest, NamesAMirrorOfTwoListenersOnceInTheBundle) {
    verify_clients();
    auto const one = build()->mirror_bundle();
    config_.listeners.push_back(listener());
    EXPECT_EQ(build()->mirror_bundle(), one);
}

TEST_F(WorldTest, StrictOffersEverythingBeforeTheFirstScan) {
    auto const usual = offered(*build());
    backend().mirror = MirrorMode::strict;
    EXPECT_EQ(offered(*build()), usual);
}

TEST_F(WorldTest, StrictOffersOnlyWhatTheBackendAccepts) {
    backend().mirror = MirrorMode::strict;
    auto const before = build();
    before->targets().front()->backend->set_accepted(
        0, Backend::Accepted{{"ECDHE-ECDSA-AES256-GCM-SHA384", "NOT-OURS"},
                             {"TLS_AES_256_GCM_SHA384"}});
    EXPECT_EQ(
        offered(*build(before.get())),
        (std::vector<std::string>{"TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"}));
}

TEST_F(WorldTest, PreferOffersTheUsualWhateverTheBackendAccepts) {
    auto const before = build();
    auto const usual = offered(*before);
    before->targets().front()->backend->set_accepted(
        0, Backend::Accepted{{}, {"TLS_AES_256_GCM_SHA384"}});
    EXPECT_EQ(offered(*build()), usual);
}

TEST_F(WorldTest, StrictLeavesOutAVersionThatTheBackendLacks) {
    backend().mirror = MirrorMode::strict;
    build()->targets().front()->backend->set_accepted(
        0, Backend::Accepted{{"ECDHE-ECDSA-AES256-GCM-SHA384"}, {}});
    auto const old_only = build();
    EXPECT_EQ(SSL_CTX_get_max_proto_version(&old_only->doors().front()->tls->native()),
              TLS1_2_VERSION);
    old_only->targets().front()->backend->set_accepted(
        0, Backend::Accepted{{}, {"TLS_AES_256_GCM_SHA384"}});
    EXPECT_EQ(SSL_CTX_get_min_proto_version(&build()->doors().front()->tls->native()),
              TLS1_3_VERSION);
}

TEST_F(WorldTest, StrictAgreesWithNobodyWhereTheBackendAcceptsNothing) {
    backend().mirror = MirrorMode::strict;
    build()->targets().front()->backend->set_accepted(0, Backend::Accepted());
    auto const world = build();
    test::Loop loop;
    test::Connection connection(loop);
    auto client = test::back_context()->make_ssl(test::wish_for("db.example")).value();
    EXPECT_FALSE(
        connection.shake(loop, world->doors().front()->tls->make_ssl(), std::move(client)));
}

TEST(Target, AsksForTheNameThatIsSet) {
    Target target;
    target.settings.addresses = {test::tcp_address("db1.internal"),
                                 test::unix_address("/run/db.sock")};
    EXPECT_EQ(target.server_name(0), "db1.internal");
    EXPECT_EQ(target.server_name(1), "localhost");
    target.settings.ssl_server_name = "db.example";
    EXPECT_EQ(target.server_name(0), "db.example");
    EXPECT_EQ(target.server_name(1), "db.example");
}

}  // namespace
}  // namespace sallyport::gateway
