// A mirror CA is rotated: what databases trust and what is issued fit at every step, also where a
// step was interrupted.
#include "identity/mirror.hpp"
#include "identity/mirror_ca.hpp"
#include "pki/files.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

using namespace pki::test;
namespace fs = std::filesystem;

constexpr int client = X509_PURPOSE_SSL_CLIENT;

class MirrorRotationTest : public testing::Test {
 protected:
    MirrorRotationTest() { before_ = certificates(*open()); }

    std::shared_ptr<Mirror> open() const {
        return Mirror::open(directory(), {root_.certificate}).value();
    }
    fs::path directory() const { return home_.path() / "mirror-ca"; }
    MirrorRotation rotation() const { return MirrorRotation::all(directory()).value().at(0); }
    fs::path file(std::string const& suffix) const {
        return directory() / (rotation().stem() + suffix);
    }
    static std::vector<pki::Certificate> certificates(Mirror const& mirror) {
        return *pki::Certificate::from_pem(mirror.bundle());
    }
    std::vector<pki::Certificate> issued(std::shared_ptr<Mirror> const& mirror) const {
        return (*mirror->credentials_for({leaf_.certificate, root_.certificate}))->chain;
    }
    /// What is served now is taken by a database that trusts `trusted`.
    void expect_accepted(std::vector<pki::Certificate> const& trusted) const {
        EXPECT_EQ(verdict(issued(open()), trusted, client), X509_V_OK);
    }
    static MirrorPhase phase_of(MirrorRotation const& rotation) { return rotation.phase().value(); }

    Made root_ = make_root(ca_wish("Clients"));
    Made leaf_ = make_under(root_, client_wish("alice"));
    std::vector<pki::Certificate> before_;
    TemporaryDirectory home_;
};

TEST_F(MirrorRotationTest, IsAcceptedByEveryTrustAllTheWay) {
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::settled);
    ASSERT_TRUE(rotation().begin());
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::begun);
    auto const both = certificates(*open());
    ASSERT_EQ(both.size(), 2U);
    EXPECT_EQ(subject_der(both[0]), subject_der(both[1]));
    EXPECT_EQ(mode_of(file("-next.key")), 0600U);
    EXPECT_EQ(issued(open()).size(), 1U);
    for (auto const& trusted : {before_, both}) expect_accepted(trusted);

    ASSERT_TRUE(rotation().finish());
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::finished);
    auto const next = certificates(*open()).front();
    EXPECT_EQ(next.fingerprint(), both[1].fingerprint());
    EXPECT_TRUE(issued(open()).front().is_signed_by(next));
    EXPECT_EQ(mode_of(file(".key")), 0600U);
    for (auto const& trusted : {before_, both, {next}}) expect_accepted(trusted);

    ASSERT_TRUE(rotation().retire());
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::settled);
    EXPECT_EQ(certificates(*open()).size(), 1U);
    expect_accepted({next});
    EXPECT_NE(verdict(issued(open()), before_, client), X509_V_OK);
    EXPECT_EQ(entries_of(directory()).size(), 3U);  // The pair, and the lock.
}

TEST_F(MirrorRotationTest, ARunningMirrorIsReplacedOnlyWhereSomethingChanged) {
    auto const first = open();
    EXPECT_TRUE(first->issues_like(*open()));
    ASSERT_TRUE(rotation().begin());
    EXPECT_FALSE(first->issues_like(*open()));
    auto const begun = open();
    ASSERT_TRUE(rotation().finish());
    EXPECT_FALSE(begun->issues_like(*open()));
    auto const finished = open();
    ASSERT_TRUE(rotation().retire());
    EXPECT_FALSE(finished->issues_like(*open()));
}

TEST_F(MirrorRotationTest, StepsMayBeDoneAgain) {
    ASSERT_TRUE(rotation().begin());
    auto const both = open()->bundle();
    ASSERT_TRUE(rotation().begin());
    EXPECT_EQ(open()->bundle(), both);
    ASSERT_TRUE(rotation().finish());
    auto const moved = open()->bundle();
    ASSERT_TRUE(rotation().finish());
    EXPECT_EQ(open()->bundle(), moved);
}

/// Every file that a begin leaves, missing from the last on: as a crash may have it.
TEST_F(MirrorRotationTest, ABeginThatWasCutOffGoesOn) {
    auto const before = *pki::read_file(file(".crt"));
    ASSERT_TRUE(rotation().begin());
    auto const key = *pki::read_file(file("-next.key"));
    ASSERT_TRUE(pki::write_public(file(".crt"), before));
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::beginning);
    expect_accepted(before_);
    fs::remove(file("-cross.crt"));
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::beginning);
    ASSERT_TRUE(rotation().begin());
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::begun);
    EXPECT_EQ(*pki::read_file(file("-next.key")), key);
}

TEST_F(MirrorRotationTest, AFinishThatWasCutOffGoesOn) {
    ASSERT_TRUE(rotation().begin());
    auto const both = *pki::read_file(file(".crt"));
    fs::create_hard_link(file(".key"), file("-old.key"));
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::finishing);
    expect_accepted(before_);
    ASSERT_TRUE(rotation().finish());
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::finished);
    // The key has moved, the certificates have not been put in order.
    ASSERT_TRUE(pki::write_public(file(".crt"), both));
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::finished);
    expect_accepted(before_);
    EXPECT_EQ(issued(open()).size(), 2U);
}

TEST_F(MirrorRotationTest, ARetirementThatWasCutOffGoesOn) {
    ASSERT_TRUE(rotation().begin());
    ASSERT_TRUE(rotation().finish());
    auto const cross = *pki::read_file(file("-cross.crt"));
    auto const old_key = *pki::read_file(file("-old.key"));
    ASSERT_TRUE(rotation().retire());
    ASSERT_TRUE(pki::write_private(file("-old.key"), old_key));
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::retiring);
    ASSERT_TRUE(pki::write_public(file("-cross.crt"), cross));
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::retiring);
    ASSERT_TRUE(rotation().retire());
    EXPECT_EQ(phase_of(rotation()), MirrorPhase::settled);
}

}  // namespace
}  // namespace sallyport::identity
