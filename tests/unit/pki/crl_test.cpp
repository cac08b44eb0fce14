// Revocation lists as we write them, read back and as OpenSSL judges them.
#include "pki/crl_writer.hpp"
#include "pki/files.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using namespace test;
using namespace std::chrono_literals;

LedgerEntry revoked(Certificate const& certificate, Reason reason = Reason::unspecified) {
    LedgerEntry entry;
    entry.serial = certificate.serial();
    entry.revocation = LedgerEntry::Revocation{reason, current_time()};
    return entry;
}

struct CrlTest : testing::Test {
    Authority ca = Authority::create("The CA", 1000h);
    Certificate alice = ca.issue_client("alice", 100h).chain.front();
    Certificate bob = ca.issue_client("bob", 100h).chain.front();
    TemporaryDirectory directory;

    Crl list(std::vector<LedgerEntry> const& entries) const {
        return make_crl(ca, {entries, 7, current_time(), current_time() + 24h});
    }
    std::string write(std::string const& name, std::string const& text) const {
        EXPECT_TRUE(write_public(directory.path() / name, text));
        return (directory.path() / name).string();
    }
};

TEST_F(CrlTest, SaysWhoIsRevokedAndWhen) {
    auto const crl = list({revoked(alice, Reason::key_compromise)});
    EXPECT_TRUE(crl.revokes(alice));
    EXPECT_FALSE(crl.revokes(bob));
    EXPECT_EQ(crl.number(), 7U);
    EXPECT_EQ(crl.size(), 1U);
    EXPECT_TRUE(crl.is_signed_by(ca.certificate()));
    EXPECT_FALSE(crl.is_expired());
    EXPECT_LE(crl.issued_at(), current_time());
    ASSERT_TRUE(crl.next_at());
    EXPECT_GT(*crl.next_at(), current_time() + 23h);
    EXPECT_EQ(Crl::from_pem(crl.to_pem())->front().to_der(), crl.to_der());
}

TEST_F(CrlTest, SpeaksOnlyOfItsOwnCa) {
    // The next CA, after a rotation: the same name, another key, and by chance the same serial.
    auto const next = Authority::create("The CA", 1000h);
    auto wish = client_wish("alice");
    wish.serial = alice.serial();
    Made const issuer{next.certificate(), next.key()};
    auto const namesake = make_under(issuer, wish).certificate;
    auto const crl = list({revoked(alice)});
    EXPECT_TRUE(crl.revokes(alice));
    EXPECT_FALSE(crl.revokes(namesake));
    auto const other = Authority::create("Another CA", 1000h);
    auto const stranger = make_under({other.certificate(), other.key()}, wish).certificate;
    EXPECT_FALSE(crl.revokes(stranger));
}

TEST_F(CrlTest, IsSignedByTheCaOfItsNameAndKey) {
    auto const crl = list({});
    EXPECT_TRUE(crl.is_signed_by(ca.certificate()));
    EXPECT_FALSE(crl.is_signed_by(Authority::create("The CA", 1000h).certificate()));
    auto const other_name = Authority::create("Another CA", 1000h, ca.key());
    EXPECT_FALSE(crl.is_signed_by(other_name.certificate()));
}

TEST_F(CrlTest, ReplacesOnlyTheListOfTheSameCa) {
    auto const next = Authority::create("The CA", 1000h);
    auto const others = make_crl(next, {{}, 3, current_time(), current_time() + 24h});
    std::vector<Crl> lists{list({}), others};
    lists = with_list(lists, list({revoked(bob)}), ca.certificate());
    ASSERT_EQ(lists.size(), 2U);
    EXPECT_TRUE(lists.front().revokes(bob));
    EXPECT_EQ(lists.back().number(), 3U);
    EXPECT_EQ(Crl::from_pem(to_pem(lists))->size(), 2U);
}

TEST_F(CrlTest, PassesOpensslsStrictRules) {
    auto const root = write("ca.crt", ca.certificate().to_pem());
    auto const good = write("bob.crt", bob.to_pem());
    auto const bad = write("alice.crt", alice.to_pem());
    auto const crl = write("ca.crl", list({revoked(alice, Reason::superseded)}).to_pem());
    std::string const verify =
        "openssl verify -x509_strict -crl_check -CAfile " + root + " -CRLfile " + crl + " ";
    EXPECT_EQ(run(verify + good), 0);
    EXPECT_EQ(run(verify + bad + " 2>&1 | grep -q 'certificate revoked'"), 0);
    auto const text = "openssl crl -noout -text -crlnumber -in " + crl;
    EXPECT_EQ(run(text + " | grep -q 'Superseded'"), 0);
    EXPECT_EQ(run(text + " | grep -q 'crlNumber=0x07\\|crlNumber=07'"), 0);
}

TEST_F(CrlTest, NamesNoReasonWhereNoneIsKnown) {
    auto const crl = write("ca.crl", list({revoked(alice)}).to_pem());
    EXPECT_EQ(run("! openssl crl -noout -text -in " + crl + " | grep -q 'Reason Code'"), 0);
}

TEST_F(CrlTest, HoldsWhatIsReleasedNoMore) {
    auto const crl = list({revoked(alice, Reason::remove_from_crl)});
    EXPECT_EQ(crl.size(), 1U);
    EXPECT_FALSE(crl.revokes(alice));
}

}  // namespace
}  // namespace sallyport::pki
