// What a rotation makes: whoever trusts either CA verifies what the other has issued, with the
// cross certificate in between.
#include "pki/succession.hpp"

#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using namespace pki::test;
using std::chrono::days;

constexpr int server = X509_PURPOSE_SSL_SERVER;

Authority next_of(Authority const& old) {
    return next_root(old.certificate(), Key::generate(KeyType::ecdsa_p256), days(40));
}

TEST(Succession, TheNextRootHasTheSubjectAndAnotherKey) {
    auto const old = Authority::create("Old", days(30));
    auto const next = next_of(old);
    EXPECT_EQ(subject_der(next.certificate()), subject_der(old.certificate()));
    EXPECT_FALSE(have_same_key(next.certificate(), old.certificate()));
    EXPECT_TRUE(next.certificate().is_self_signed());
}

TEST(Succession, CrossCertificatesServeTrustInEitherCa) {
    auto const old = Authority::create("Old", days(30));
    auto const next = next_of(old);
    auto const next_by_old = cross_sign(old, next.certificate());
    auto const old_by_next = cross_sign(next, old.certificate());
    auto before = old.issue_server({"db.example"}, days(9)).chain;
    auto after = next.issue_server({"db.example"}, days(9)).chain;
    EXPECT_NE(verdict(before, {next.certificate()}, server), X509_V_OK);
    EXPECT_NE(verdict(after, {old.certificate()}, server), X509_V_OK);

    before.push_back(old_by_next);
    after.push_back(next_by_old);
    for (auto const& chain : {before, after}) {
        EXPECT_EQ(verdict(chain, {old.certificate()}, server), X509_V_OK);
        EXPECT_EQ(verdict(chain, {next.certificate()}, server), X509_V_OK);
        EXPECT_EQ(verdict(chain, {old.certificate(), next.certificate()}, server), X509_V_OK);
    }
    EXPECT_LE(old_by_next.not_after(), old.certificate().not_after());
    EXPECT_LE(next_by_old.not_after(), old.certificate().not_after());
}

/// CAs of other tools make key identifiers their own way, and leaves name them.
TEST(Succession, ACrossCertificateKeepsTheKeyIdentifier) {
    auto const made = make_root(ca_wish("Foreign"));
    auto const old = Authority::from(made.certificate, made.key).value();
    auto const next = next_of(old);
    auto chain = old.issue_server({"db.example"}, days(9)).chain;
    chain.push_back(cross_sign(next, old.certificate()));
    EXPECT_EQ(verdict(chain, {next.certificate()}, server), X509_V_OK);
}

TEST(Succession, ALeafSaysTheSameUnderTheNextCa) {
    auto const old = Authority::create("Old", days(30));
    auto const next = next_of(old);
    for (auto const type : {KeyType::ecdsa_p256, KeyType::rsa_2048}) {
        auto const leaf =
            old.issue_server({"db.example", "192.0.2.7"}, days(9), type).chain.front();
        auto const key = generate_like(leaf);
        auto const again = issue_again(next, leaf, key);
        EXPECT_EQ(subject_der(again), subject_der(leaf));
        EXPECT_EQ(again.names(), leaf.names());
        EXPECT_EQ(again.key_type(), leaf.key_type());
        EXPECT_NE(again.serial(), leaf.serial());
        EXPECT_TRUE(again.matches(key));
        EXPECT_EQ(verdict({again}, {next.certificate()}, server), X509_V_OK);
        EXPECT_NE(verdict({again}, {next.certificate()}, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    }
}

TEST(Succession, NoLeafOutlivesTheNextCa) {
    auto const old = Authority::create("Old", days(30));
    auto const next = next_root(old.certificate(), Key::generate(KeyType::ecdsa_p256), days(5));
    auto const leaf = old.issue_server({"db.example"}, days(9)).chain.front();
    EXPECT_EQ(issue_again(next, leaf, generate_like(leaf)).not_after(),
              next.certificate().not_after());
}

}  // namespace
}  // namespace sallyport::pki
