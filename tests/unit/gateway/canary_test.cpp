// The canary: shown by chance, until too many clients have refused it; and the doors that have one.
#include "config/scram.hpp"
#include "gateway/world.hpp"
#include "pki/succession.hpp"
#include "support/addresses.hpp"
#include "support/files.hpp"
#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using test::TlsMaterial;
using WorldPtr = std::shared_ptr<World const>;

Canary::Terms terms(double share, std::uint32_t limit = 3) {
    return {"front", "chain", share, limit};
}

int shown_of_a_thousand(Canary const& canary) {
    int shown = 0;
    for (int i = 0; i < 1000; ++i) shown += canary.is_next() ? 1 : 0;
    return shown;
}

TEST(Canary, IsShownToItsShare) {
    EXPECT_EQ(shown_of_a_thousand(Canary(terms(0))), 0);
    EXPECT_EQ(shown_of_a_thousand(Canary(terms(1))), 1000);
    // Ten standard deviations around the mean.
    auto const half = shown_of_a_thousand(Canary(terms(0.5)));
    EXPECT_GT(half, 342);
    EXPECT_LT(half, 658);
}

TEST(Canary, FallsAtItsLimitAndStaysDown) {
    Canary canary(terms(1, 2));
    canary.refused("unknown ca");
    EXPECT_FALSE(canary.has_fallen());
    EXPECT_TRUE(canary.is_next());
    for (int i = 0; i < 3; ++i) {
        canary.refused("unknown ca");
        EXPECT_TRUE(canary.has_fallen());
        EXPECT_FALSE(canary.is_next());
    }
}

class CanaryDoor : public testing::Test {
 protected:
    CanaryDoor() {
        config_.source = files_.write("sallyport.toml", "");
        config_.data_dir = files_.directory() / "data";
        config_.backends = {test::backend_at("orders", test::tcp_address("db1"))};
        config_.listeners = {test::listener_at("front", test::tcp_address("127.0.0.1"), "orders")};
        auto& tls = this->tls();
        files_.serve(tls, "server", TlsMaterial::get().server);
        write_canary();
        tls.canary_cert = {files_.directory() / "next.crt"};
        tls.canary_key = {files_.directory() / "next.key"};
        tls.canary_share = 1;
        tls.canary_limit = 1;
    }
    void write_canary() {
        auto const next =
            TlsMaterial::get().other_ca.issue_server({"db.example"}, std::chrono::days(9));
        files_.write("next.crt", pki::to_pem(next.chain));
        files_.write("next.key", next.key.to_pem());
    }
    config::Tls& tls() { return config_.listeners.front().tls; }
    config::Backend& backend() { return config_.backends.front(); }
    WorldPtr build(World const* previous = nullptr) {
        auto const built = World::build(config_, estate_, previous);
        if (!built) throw std::runtime_error(built.error().what());
        return *built;
    }

    test::Files files_;
    config::Config config_;
    Estate estate_;
};

TEST_F(CanaryDoor, HasAContextOfItsOwnAndKnowsItsLeaf) {
    auto const world = build();
    auto const& door = *world->doors().front();
    ASSERT_NE(door.canary, nullptr);
    ASSERT_NE(door.canary_tls, nullptr);
    EXPECT_NE(door.canary_tls, door.tls);
    EXPECT_TRUE(door.is_of_canary(*door.canary_credentials.front().chain.front().get()));
    EXPECT_FALSE(door.is_of_canary(*door.credentials.front().chain.front().get()));
    for (auto const* name : {"next.crt", "next.key"})
        EXPECT_NE(std::ranges::find(world->files(), files_.directory() / name),
                  world->files().end());
}

TEST_F(CanaryDoor, ABadCanaryIsABadConfiguration) {
    files_.write("next.crt", "garbage");
    auto const built = World::build(config_, estate_);
    ASSERT_FALSE(built);
    EXPECT_EQ(built.error().file.filename(), "next.crt");
}

TEST_F(CanaryDoor, StaysFallenUntilItsFilesOrItsTermsChange) {
    auto const first = build();
    first->doors().front()->canary->refused("unknown ca");
    auto const second = build(first.get());
    EXPECT_TRUE(second->doors().front()->canary->has_fallen());

    tls().canary_share = 0.5;
    auto const third = build(second.get());
    EXPECT_FALSE(third->doors().front()->canary->has_fallen());
    third->doors().front()->canary->refused("unknown ca");

    write_canary();
    EXPECT_FALSE(build(third.get())->doors().front()->canary->has_fallen());
}

TEST_F(CanaryDoor, IsNotOpenedWhereTheCertificateMustBeTheDatabases) {
    backend().protocol = config::Protocol::postgres;
    for (auto const scram : {config::Scram::automatic, config::Scram::relay}) {
        backend().scram = scram;
        EXPECT_TRUE(config::needs_same_certificate(backend()));
        auto const world = build();
        EXPECT_EQ(world->doors().front()->canary, nullptr);
        EXPECT_NE(world->doors().front()->why_no_canary, "");
    }
    backend().scram = config::Scram::password;
    EXPECT_NE(build()->doors().front()->canary, nullptr);
    backend().scram = config::Scram::relay;
    backend().ssl_mode = config::SslMode::disabled;
    EXPECT_NE(build()->doors().front()->canary, nullptr);
}

/// Old and new CA share a name: a chain that ended with their cross certificate must not make the
/// next reload ask for it, nor for itself.
TEST_F(CanaryDoor, ACrossCertificateIsNoMissingIntermediate) {
    auto const& old = TlsMaterial::get().ca;
    auto const next = pki::next_root(
        old.certificate(), pki::Key::generate(pki::KeyType::ecdsa_p256), std::chrono::days(20));
    auto leaf = next.issue_server({"db.example"}, std::chrono::days(9));
    auto crossed = leaf;
    crossed.chain.push_back(pki::cross_sign(old, next.certificate()));
    tls() = {};
    files_.serve(tls(), "server", crossed);
    auto const during = build();
    auto const again = build(during.get());
    files_.write("server.crt", pki::to_pem(leaf.chain));
    build(again.get());
}

}  // namespace
}  // namespace sallyport::gateway
