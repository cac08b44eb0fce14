// The mirror: a verified chain becomes credentials that say the same to a database, under a CA with
// the same name, which a database can trust beside the real one.
#include "identity/mirror.hpp"

#include "pki/files.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <set>
#include <thread>

namespace sallyport::identity {
namespace {

using namespace std::chrono_literals;
using namespace pki::test;
using std::chrono::days;

/// A company: a root, an issuing CA below it, and another below that.
struct Company {
    Made root = make_root(ca_wish("Company \"Root\", Löwe & Söhne"));
    Made region = make_under(root, ca_wish("Region"));
    Made team = make_under(region, ca_wish("Team"));

    Chain direct(std::string const& name) const {
        return {make_under(root, client_wish(name)).certificate, root.certificate};
    }
    Chain deep(std::string const& name) const {
        return {make_under(team, client_wish(name)).certificate, team.certificate,
                region.certificate, root.certificate};
    }
};

class MirrorTest : public testing::Test {
 protected:
    std::shared_ptr<Mirror> open() const { return open({company_.root.certificate}).value(); }
    Result<std::shared_ptr<Mirror>> open(std::vector<pki::Certificate> const& cas) const {
        return Mirror::open(directory(), cas);
    }
    std::filesystem::path directory() const { return root_.path() / "mirror-ca"; }

    /// The one file of the directory with this extension.
    std::filesystem::path only_file(std::string const& extension) const {
        for (auto const& name : entries_of(directory()))
            if (name.ends_with(extension)) return directory() / name;
        return {};
    }

    static std::vector<pki::Certificate> certificates_of(Mirror const& mirror) {
        return *pki::Certificate::from_pem(mirror.bundle());
    }

    Company company_;

 private:
    TemporaryDirectory root_;
};

TEST_F(MirrorTest, MakesOnePrivatePairForEachRoot) {
    auto const other = make_root(ca_wish("Other"));
    auto const made = open({company_.root.certificate, company_.region.certificate,
                            other.certificate, company_.root.certificate});
    ASSERT_TRUE(made);
    auto const entries = entries_of(directory());
    auto const count = [&](std::string const& end) {
        return std::ranges::count_if(entries,
                                     [&](auto const& name) { return name.ends_with(end); });
    };
    EXPECT_EQ(count(".crt"), 2);
    EXPECT_EQ(count(".key"), 2);
    EXPECT_EQ(mode_of(directory()), 0700U);
    EXPECT_EQ(mode_of(only_file(".key")), 0600U);
    EXPECT_EQ(mode_of(only_file(".crt")), 0644U);
    auto const stem = other.certificate.authority_fingerprint().substr(0, 16);
    EXPECT_TRUE(std::filesystem::exists(directory() / (stem + ".crt")));

    for (auto const& mirror : certificates_of(**made)) {
        EXPECT_TRUE(mirror.is_self_signed());
        EXPECT_GT(mirror.not_after(), pki::current_time() + days(3650));
    }
}

TEST_F(MirrorTest, IsTheSameAfterARestart) {
    auto const before = open()->bundle();
    EXPECT_EQ(open()->bundle(), before);
}

TEST_F(MirrorTest, BundleNamesEachCaAndIsPem) {
    auto const bundle = open()->bundle();
    EXPECT_TRUE(
        bundle.starts_with(R"(# Sallyport's mirror of CN=Company \"Root\"\, L\C3\B6we & S\C3\B6hne)"
                           "\n-----BEGIN CERTIFICATE-----\n"))
        << bundle;
    auto const mirror = pki::Certificate::from_pem(bundle)->front();
    EXPECT_EQ(subject_der(mirror), subject_der(company_.root.certificate));
    EXPECT_NE(mirror.spki_fingerprint(), company_.root.certificate.spki_fingerprint());
}

TEST_F(MirrorTest, WithoutClientCasIsEmpty) {
    auto const mirror = open(std::vector<pki::Certificate>());
    ASSERT_TRUE(mirror);
    EXPECT_EQ((*mirror)->bundle(), "");
    auto const refused = (*mirror)->credentials_for(company_.direct("alice"));
    EXPECT_EQ(refused.error(), Errc::certificate_untrusted);
}

TEST_F(MirrorTest, LeafVerifiesBesideTheRealRootAndAlone) {
    auto const mirror = open();
    auto const real = company_.root.certificate;
    auto const chain = company_.direct("al,i\"ce Zoë");
    auto const credentials = mirror->credentials_for(chain);
    ASSERT_TRUE(credentials);
    auto const& made = (*credentials)->chain;
    ASSERT_EQ(made.size(), 1U);
    EXPECT_EQ(subject_der(made[0]), subject_der(chain[0]));
    EXPECT_EQ(issuer_der(made[0]), issuer_der(chain[0]));
    EXPECT_EQ(made[0].serial(), chain[0].serial());
    EXPECT_TRUE(made[0].matches((*credentials)->key));
    EXPECT_LE(made[0].not_after(), pki::current_time() + Mirror::lifetime);

    auto const shadow = certificates_of(*mirror).front();
    constexpr int client = X509_PURPOSE_SSL_CLIENT;
    EXPECT_EQ(verdict(made, {shadow}, client), X509_V_OK);
    EXPECT_EQ(verdict(made, {real, shadow}, client), X509_V_OK);
    EXPECT_EQ(verdict(made, {shadow, real}, client), X509_V_OK);
    EXPECT_EQ(verdict(chain, {real, shadow}, client), X509_V_OK);
    EXPECT_NE(verdict(made, {real}, client), X509_V_OK);
}

TEST_F(MirrorTest, EveryLinkIsMadeAgain) {
    auto const mirror = open();
    auto const chain = company_.deep("alice");
    auto const credentials = mirror->credentials_for(chain);
    ASSERT_TRUE(credentials);
    auto const& made = (*credentials)->chain;
    ASSERT_EQ(made.size(), 3U);
    for (std::size_t i = 0; i < made.size(); ++i) {
        EXPECT_EQ(subject_der(made[i]), subject_der(chain[i]));
        EXPECT_EQ(issuer_der(made[i]), issuer_der(chain[i]));
        EXPECT_NE(made[i].spki_fingerprint(), chain[i].spki_fingerprint());
    }
    auto const shadow = certificates_of(*mirror).front();
    constexpr int client = X509_PURPOSE_SSL_CLIENT;
    EXPECT_EQ(verdict(made, {shadow}, client), X509_V_OK);
    EXPECT_EQ(verdict(made, {company_.root.certificate, shadow}, client), X509_V_OK);
    // A database that knows the real intermediates as well is not led astray by their names.
    EXPECT_EQ(verdict(made,
                      {company_.root.certificate, company_.region.certificate,
                       company_.team.certificate, shadow},
                      client),
              X509_V_OK);
}

TEST_F(MirrorTest, ColleaguesShareTheirIntermediates) {
    auto const mirror = open();
    auto const alice = mirror->credentials_for(company_.deep("alice")).value();
    auto const bob = mirror->credentials_for(company_.deep("bob")).value();
    EXPECT_NE(alice->chain[0].fingerprint(), bob->chain[0].fingerprint());
    EXPECT_EQ(alice->chain[1].fingerprint(), bob->chain[1].fingerprint());
    EXPECT_EQ(alice->chain[2].fingerprint(), bob->chain[2].fingerprint());
    // Keys of intermediates stay in memory.
    EXPECT_EQ(entries_of(directory()).size(), 3U);
}

TEST_F(MirrorTest, ARenewedRootIsTheSameCa) {
    auto const mirror = open();
    auto wish = ca_wish("Company \"Root\", Löwe & Söhne");
    wish.serial = "2002";
    wish.until += days(100);
    auto chain = company_.direct("alice");
    chain.back() = make_root(wish, company_.root.key).certificate;
    EXPECT_TRUE(mirror->credentials_for(chain));
}

TEST_F(MirrorTest, ASelfSignedClientThatIsItsOwnCa) {
    auto wish = client_wish("hermit");
    wish.extensions = {{NID_subject_key_identifier, "hash"}};
    auto const hermit = make_root(wish).certificate;
    auto const mirror = open({hermit}).value();
    auto const credentials = mirror->credentials_for({hermit});
    ASSERT_TRUE(credentials);
    EXPECT_EQ(verdict((*credentials)->chain, {hermit, certificates_of(*mirror).front()},
                      X509_PURPOSE_SSL_CLIENT),
              X509_V_OK);
}

TEST_F(MirrorTest, RefusesWhatItCannotVouchFor) {
    auto const mirror = open();
    EXPECT_EQ(mirror->credentials_for({}).error(), Errc::certificate_untrusted);

    Company const namesakes;
    EXPECT_EQ(mirror->credentials_for(namesakes.direct("alice")).error(),
              Errc::certificate_untrusted);
    // A leaf of theirs shown as if it were ours; a chain with a link left out.
    Chain const grafted{namesakes.direct("alice").front(), company_.root.certificate};
    EXPECT_EQ(mirror->credentials_for(grafted).error(), Errc::certificate_untrusted);
    auto gap = company_.deep("alice");
    gap.erase(gap.begin() + 1);
    EXPECT_EQ(mirror->credentials_for(gap).error(), Errc::certificate_untrusted);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST_F(MirrorTest, RefusesWhatIsNotValidNow) {
    auto const mirror = open();
    auto const now = pki::current_time();
    auto const validity = [&](pki::Time from, pki::Time until) {
        auto wish = client_wish("alice");
        wish.from = from;
        wish.until = until;
        return Chain{make_under(company_.root, wish).certificate, company_.root.certificate};
    };
    EXPECT_EQ(mirror->credentials_for(validity(now - 2h, now)).error(), Errc::certificate_expired);
    EXPECT_EQ(mirror->credentials_for(validity(now + 1h, now + 2h)).error(),
              Errc::certificate_expired);
    // Remembered credentials do not help a certificate over its end, nor over its issuer's.
    auto const brief = validity(now - 2h, now + 10min);
    EXPECT_TRUE(mirror->credentials_for(brief, now));
    EXPECT_EQ(mirror->credentials_for(brief, now + 10min).error(), Errc::certificate_expired);
}

TEST_F(MirrorTest, NeverOutlivesAnyLink) {
    auto const mirror = open();
    auto const now = pki::current_time();
    auto wish = ca_wish("Brief");
    wish.until = now + 40min;
    auto const brief = make_under(company_.root, wish);
    Chain const chain{make_under(brief, client_wish("alice")).certificate, brief.certificate,
                      company_.root.certificate};
    auto const credentials = mirror->credentials_for(chain, now).value();
    EXPECT_EQ(credentials->chain.front().not_after(), wish.until);
    EXPECT_EQ(mirror->credentials_for(chain, wish.until).error(), Errc::certificate_expired);
    // Minting again could not prolong them, so the first are kept to their end.
    EXPECT_EQ(mirror->credentials_for(chain, wish.until - 1s).value(), credentials);
}

TEST_F(MirrorTest, MintsOncePerIdentityAndAgainAtHalfOfTheLife) {
    auto const mirror = open();
    constexpr auto half_life = 30min;
    auto const now = pki::current_time();
    auto const alice = company_.direct("alice");
    auto const first = mirror->credentials_for(alice, now).value();
    EXPECT_EQ(mirror->credentials_for(alice, now).value(), first);
    EXPECT_EQ(mirror->credentials_for(alice, now + half_life - 1s).value(), first);
    EXPECT_NE(mirror->credentials_for(company_.direct("alice"), now).value(), first);

    auto const second = mirror->credentials_for(alice, now + half_life).value();
    EXPECT_NE(second, first);
    EXPECT_GT(second->chain.front().not_after(), first->chain.front().not_after());
    EXPECT_EQ(mirror->credentials_for(alice, now + half_life).value(), second);
}

TEST_F(MirrorTest, RemembersTheChainOfALeaf) {
    auto const mirror = open();
    auto const chain = company_.deep("alice");
    EXPECT_TRUE(mirror->chain_of(chain.front()).empty());
    auto const credentials = mirror->credentials_for(chain).value();
    auto const leaf_alone = pki::Certificate::from_pem(chain.front().to_pem())->front();
    auto const remembered = mirror->chain_of(leaf_alone);
    ASSERT_EQ(remembered.size(), chain.size());
    EXPECT_EQ(mirror->credentials_for(remembered).value(), credentials);
    EXPECT_TRUE(mirror->chain_of(company_.direct("bob").front()).empty());
}

TEST_F(MirrorTest, DamagedFilesAreErrorsAndStay) {
    open();
    auto const certificate = only_file(".crt");
    auto const key = only_file(".key");
    auto const good_certificate = *pki::read_file(certificate);
    auto const good_key = *pki::read_file(key);
    auto const expect_refused = [&](error_code code) {
        auto const refused = open({company_.root.certificate});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error(), code);
        ASSERT_TRUE(pki::write_public(certificate, good_certificate));
        ASSERT_TRUE(pki::write_private(key, good_key));
        EXPECT_EQ(open()->bundle().substr(open()->bundle().find("-----")), good_certificate);
    };
    ASSERT_TRUE(pki::write_public(certificate, good_certificate.substr(0, 300)));
    expect_refused(Errc::file_invalid);
    ASSERT_TRUE(pki::write_private(key, "garbage"));
    expect_refused(Errc::file_invalid);
    auto const other_key = pki::Key::generate(pki::KeyType::ecdsa_p256);
    ASSERT_TRUE(pki::write_private(key, other_key.to_pem()));
    expect_refused(Errc::key_mismatch);
    std::filesystem::remove(key);
    expect_refused(Errc::file_unreadable);

    auto const stranger = make_root(ca_wish("Stranger"));
    ASSERT_TRUE(pki::write_public(certificate, stranger.certificate.to_pem()));
    ASSERT_TRUE(pki::write_private(key, stranger.key.to_pem()));
    expect_refused(Errc::file_invalid);
    auto wish = ca_wish("unused");
    wish.subject = ca_wish("Company \"Root\", Löwe & Söhne").subject;
    wish.until = pki::current_time() - 1min;
    auto const expired = make_root(wish);
    ASSERT_TRUE(pki::write_public(certificate, expired.certificate.to_pem()));
    ASSERT_TRUE(pki::write_private(key, expired.key.to_pem()));
    expect_refused(Errc::certificate_expired);
}

TEST_F(MirrorTest, FinishesACreationThatCrashed) {
    open();
    std::filesystem::remove(only_file(".crt"));
    auto const mirror = open();
    EXPECT_TRUE(mirror->credentials_for(company_.direct("alice")));
    EXPECT_EQ(open()->bundle(), mirror->bundle());
}

TEST_F(MirrorTest, ManyCreatorsAtOnceAgree) {
    std::array<std::string, 8> bundles;
    {
        std::vector<std::jthread> threads;
        for (auto& bundle : bundles) threads.emplace_back([&] { bundle = open()->bundle(); });
    }
    for (auto const& bundle : bundles) EXPECT_EQ(bundle, bundles.front());
    EXPECT_EQ(open()->bundle(), bundles.front());
}

TEST_F(MirrorTest, ManyThreadsGetTheSameCredentials) {
    auto const mirror = open();
    std::vector<Chain> chains;
    for (int i = 0; i < 5; ++i) chains.push_back(company_.deep("user" + std::to_string(i)));
    // As a handshake does: OpenSSL notes what a certificate says at the first question about it, in
    // a way that the thread sanitizer cannot follow.
    for (auto const& chain : chains)
        for (auto const& certificate : chain) certificate.is_ca();
    std::array<std::vector<CredentialPtr>, 6> got;
    {
        std::vector<std::jthread> threads;
        for (auto& mine : got)
            threads.emplace_back([&] {
                for (auto const& chain : chains) {
                    mine.push_back(mirror->credentials_for(chain).value());
                    EXPECT_EQ(mirror->chain_of(chain.front()).size(), chain.size());
                }
            });
    }
    for (auto const& mine : got) EXPECT_EQ(mine, got.front());
    std::set<std::string> issuers;
    for (auto const& credentials : got.front()) issuers.insert(credentials->chain[1].fingerprint());
    EXPECT_EQ(issuers.size(), 1U);
}

}  // namespace
}  // namespace sallyport::identity
