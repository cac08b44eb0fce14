// REQUIRE clauses of our own, as a table: rule, client, verdict.
#include "gateway/account_rules.hpp"

#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sallyport::gateway {
namespace {

constexpr auto alices_subject = "/CN=alice";
constexpr auto ca_subject = "/O=Sallyport/CN=Test CA";

enum class Client { plain, tls, certified };

tls::Peer peer(Client client) {
    tls::Peer peer;
    if (client == Client::plain) return peer;
    peer.version = "TLSv1.3";
    peer.cipher = "TLS_AES_256_GCM_SHA384";
    if (client == Client::certified)
        peer.certificate = tls::share(test::TlsMaterial::get().alice.chain.front().get());
    return peer;
}

config::AccountRule rule(bool ssl, bool x509 = false, std::string subject = {},
                         std::string issuer = {}, std::string cipher = {}) {
    return {.user = "alice",
            .backend = "orders",
            .ssl = ssl,
            .x509 = x509,
            .subject = std::move(subject),
            .issuer = std::move(issuer),
            .cipher = std::move(cipher)};
}

bool meets(std::vector<config::AccountRule> const& rules, Client client) {
    return meets_rules(rules, "orders", "alice", peer(client));
}

struct Row {
    std::string name;
    config::AccountRule rule;
    bool plain;
    bool tls;
    bool certified;
};

class AccountRule : public testing::TestWithParam<Row> {};

TEST_P(AccountRule, IsMetByThoseWhoProveWhatItDemands) {
    auto const& row = GetParam();
    EXPECT_EQ(meets({row.rule}, Client::plain), row.plain);
    EXPECT_EQ(meets({row.rule}, Client::tls), row.tls);
    EXPECT_EQ(meets({row.rule}, Client::certified), row.certified);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AccountRule,
    testing::Values(
        Row{"None", rule(false), true, true, true}, Row{"Ssl", rule(true), false, true, true},
        Row{"X509", rule(true, true), false, false, true},
        Row{"Cipher", rule(true, false, "", "", "TLS_AES_256_GCM_SHA384"), false, true, true},
        Row{"OtherCipher", rule(true, false, "", "", "TLS_AES_128_GCM_SHA256"), false, false,
            false},
        Row{"Subject", rule(true, true, alices_subject), false, false, true},
        Row{"OtherSubject", rule(true, true, "/CN=bob"), false, false, false},
        Row{"SubjectInAnotherForm", rule(true, true, "CN=alice"), false, false, false},
        Row{"Issuer", rule(true, true, "", ca_subject), false, false, true},
        Row{"OtherIssuer", rule(true, true, "", "/O=Sallyport/CN=Other CA"), false, false, false},
        Row{"SubjectOfAnotherIssuer", rule(true, true, alices_subject, "/CN=x"), false, false,
            false},
        Row{"SubjectAlone", rule(false, false, alices_subject), false, false, true}),
    [](auto const& row) { return row.param.name; });

TEST(AccountRules, ThoseOfOtherUsersDoNotApply) {
    auto other = rule(true, true);
    other.user = "bob";
    EXPECT_TRUE(meets({other}, Client::plain));
}

TEST(AccountRules, UsersAreComparedByTheByte) {
    auto other = rule(true);
    other.user = "Alice";
    EXPECT_TRUE(meets({other}, Client::plain));
}

TEST(AccountRules, ThoseOfOtherBackendsDoNotApply) {
    auto other = rule(true);
    other.backend = "stock";
    EXPECT_TRUE(meets({other}, Client::plain));
}

TEST(AccountRules, OnesWithoutABackendApplyToEvery) {
    auto general = rule(true);
    general.backend.clear();
    EXPECT_FALSE(meets({general}, Client::plain));
}

TEST(AccountRules, EveryOneThatAppliesMustBeMet) {
    EXPECT_FALSE(meets({rule(true), rule(true, true)}, Client::tls));
    EXPECT_TRUE(meets({rule(true), rule(true, true)}, Client::certified));
}

TEST(AccountRules, NoRulesAreAlwaysMet) {
    EXPECT_TRUE(meets({}, Client::plain));
}

}  // namespace
}  // namespace sallyport::gateway
