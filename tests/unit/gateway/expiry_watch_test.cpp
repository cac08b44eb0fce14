#include "gateway/expiry_watch.hpp"

#include "gateway/client_certificates.hpp"
#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

pki::Time const birth{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

Sighting sighting(std::string id = "a", Role role = Role::node) {
    return {role, "front", "CN=" + id, "01", id, {birth, birth + 90h}};
}

class ExpiryWatchTest : public testing::Test {
 protected:
    std::vector<Remaining> told(pki::Time now,
                                std::vector<Sighting> const& in_sight = {sighting()}) {
        std::vector<Remaining> all;
        for (auto const& alert : watch_.look(in_sight, now)) all.push_back(alert.remaining);
        return all;
    }
    using Told = std::vector<Remaining>;

    ExpiryWatch watch_;
};

TEST_F(ExpiryWatchTest, TellsEachStageOnce) {
    EXPECT_EQ(told(birth), Told{});
    EXPECT_EQ(told(birth + 59h), Told{});
    EXPECT_EQ(told(birth + 60h), Told{Remaining::third});
    EXPECT_EQ(told(birth + 61h), Told{});
    EXPECT_EQ(told(birth + 81h), Told{Remaining::tenth});
    EXPECT_EQ(told(birth + 82h), Told{});
    EXPECT_EQ(told(birth + 90h), Told{Remaining::nothing});
    EXPECT_EQ(told(birth + 900h), Told{});
}

TEST_F(ExpiryWatchTest, TellsOnlyTheLastOfSeveralStages) {
    EXPECT_EQ(told(birth + 89h), Told{Remaining::tenth});
    EXPECT_EQ(told(birth + 89h), Told{});
}

TEST_F(ExpiryWatchTest, ARenewedOneIsAnotherOne) {
    EXPECT_EQ(told(birth + 85h), Told{Remaining::tenth});
    auto renewed = sighting("b");
    renewed.life = {birth + 85h, birth + 175h};
    EXPECT_EQ(told(birth + 85h, {renewed}), Told{});
    EXPECT_EQ(told(birth + 145h, {renewed}), Told{Remaining::third});
}

TEST_F(ExpiryWatchTest, WhatIsInHandIsToldOfOnlyAtItsEnd) {
    std::vector<Sighting> const both{sighting(), sighting("b")};
    EXPECT_EQ(watch_.look(both, birth + 61h, "a").size(), 1U) << "the other one is nobody's";
    EXPECT_TRUE(watch_.look(both, birth + 62h, "a").empty());
    EXPECT_EQ(watch_.look(both, birth + 63h).size(), 1U) << "its renewal has failed";
    EXPECT_TRUE(watch_.look({sighting("c")}, birth + 82h, "c").empty());
    EXPECT_EQ(watch_.look({sighting("c")}, birth + 90h, "c").size(), 1U);
}

TEST_F(ExpiryWatchTest, EachRoleIsToldOf) {
    EXPECT_EQ(told(birth + 61h, {sighting(), sighting("a", Role::backend)}),
              (Told{Remaining::third, Remaining::third}));
}

TEST_F(ExpiryWatchTest, OneThatCameBackIsNoNews) {
    EXPECT_EQ(told(birth + 61h), Told{Remaining::third});
    EXPECT_EQ(told(birth + 62h, {}), Told{});
    EXPECT_EQ(told(birth + 63h), Told{});
}

TEST_F(ExpiryWatchTest, ALittleToAndFroOfTheClockIsNoNews) {
    EXPECT_EQ(told(birth + 60h), Told{Remaining::third});
    EXPECT_EQ(told(birth + 60h - 1s), Told{});
    EXPECT_EQ(told(birth + 60h), Told{});
}

TEST_F(ExpiryWatchTest, AfterAJumpForthAndBackItIsToldWhenItsTimeComes) {
    EXPECT_EQ(told(birth + 9000h), Told{Remaining::nothing});
    EXPECT_EQ(told(birth + 1h), Told{});
    EXPECT_EQ(told(birth + 60h), Told{Remaining::third});
}

TEST(ClientCertificates, AreRememberedByNameTheLastOfEach) {
    auto const& ca = test::TlsMaterial::get().ca;
    auto const old = ca.issue_client("alice", 10h).chain.front();
    auto const renewed = ca.issue_client("alice", 20h).chain.front();
    auto const now = pki::current_time();
    ClientCertificates clients;
    clients.saw(old, "front");
    clients.saw(ca.issue_client("bob", 10h).chain.front(), "front");
    EXPECT_EQ(clients.seen(now).size(), 2U);
    clients.saw(renewed, "front");
    auto const seen = clients.seen(now);
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen.front().id, renewed.fingerprint());
    EXPECT_EQ(seen.front().role, Role::client);
    EXPECT_EQ(seen.front().subject, "CN=alice");
}

TEST(ClientCertificates, ExpiredOnesAreForgottenInTheEnd) {
    auto const leaf = test::TlsMaterial::get().ca.issue_client("alice", 1h).chain.front();
    ClientCertificates clients;
    clients.saw(leaf, "front");
    EXPECT_EQ(clients.seen(leaf.not_after() + 1h).size(), 1U);
    EXPECT_EQ(clients.seen(leaf.not_after() + ClientCertificates::expired_memory).size(), 0U);
}

TEST(ClientCertificates, AreBounded) {
    auto const& ca = test::TlsMaterial::get().ca;
    ClientCertificates clients;
    for (std::size_t i = 0; i < ClientCertificates::max_remembered + 5; ++i)
        clients.saw(ca.issue_client("user" + std::to_string(i), 1h).chain.front(), "front");
    EXPECT_EQ(clients.seen(pki::current_time()).size(), ClientCertificates::max_remembered);
}

}  // namespace
}  // namespace sallyport::gateway
