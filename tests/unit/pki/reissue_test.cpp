#include "pki/reissue.hpp"

#include "pki/builder.hpp"
#include "pki/files.hpp"
#include "pki/ledger.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;
using test::make_root;
using test::make_under;

/// An operator's directory with a CA and a server pair that is due.
class Reissue : public testing::Test {
 protected:
    Reissue() {
        auto wish = test::client_wish("db.example");
        wish.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                           {NID_key_usage, "critical,digitalSignature"},
                           {NID_ext_key_usage, "serverAuth,clientAuth"},
                           {NID_subject_alt_name, "DNS:db.example,DNS:*.db.example,IP:192.0.2.7"},
                           {NID_crl_distribution_points, "URI:https://trust.example/ca.crl"},
                           {NID_subject_key_identifier, "hash"},
                           {NID_authority_key_identifier, "keyid"}};
        wish.from = now_ - 70h;
        wish.until = now_ + 20h;
        serve(make_under(ca_, wish));
        write_public(file("ca.crt"), ca_.certificate.to_pem()).value();
        write_private(file("ca.key"), ca_.key.to_pem()).value();
    }

    /// A CA that was there before the leaf.
    test::Wish old_enough() const {
        auto wish = test::ca_wish("Own CA");
        wish.from = now_ - 100h;
        return wish;
    }
    void serve(test::Made const& made) {
        write_pair(files(), {{made.certificate}, made.key}).value();
    }
    std::filesystem::path file(std::string const& name) const { return directory_.path() / name; }
    PairFiles files() const { return pair_files(directory_.path(), "server"); }
    AuthorityFiles authority() const { return {file("ca.crt"), file("ca.key"), {}}; }
    Result<Reissued> reissue() const { return reissue_files(files(), {}, authority(), now_); }
    Certificate leaf() const { return read_pair(files())->chain.front(); }

    Time now_ = current_time();
    test::TemporaryDirectory directory_;
    test::Made ca_ = make_root(old_enough());
};

TEST_F(Reissue, MakesTheSameCertificateForANewKey) {
    auto const old = leaf();
    ASSERT_EQ(reissue().value(), Reissued::yes);
    auto const fresh = leaf();
    EXPECT_NE(fresh.serial(), old.serial());
    EXPECT_NE(fresh.spki_fingerprint(), old.spki_fingerprint());
    EXPECT_EQ(test::subject_der(fresh), test::subject_der(old));
    for (int const nid : {NID_subject_alt_name, NID_ext_key_usage, NID_key_usage,
                          NID_crl_distribution_points, NID_basic_constraints})
        EXPECT_EQ(test::extension_der(fresh, nid), test::extension_der(old, nid)) << nid;
    EXPECT_EQ(fresh.not_after() - fresh.not_before(), 90h);
    EXPECT_EQ(fresh.not_before(), now_ - 1h);
    EXPECT_EQ(test::verdict({fresh}, {ca_.certificate}, X509_PURPOSE_SSL_SERVER), X509_V_OK);
    EXPECT_EQ(test::mode_of(files().key), 0600U);
}

TEST_F(Reissue, IsEnteredInTheLedgerOfItsCa) {
    auto const ledger = Ledger::open(directory_.path()).value();
    ASSERT_EQ(reissue().value(), Reissued::yes);
    auto const known = ledger.with_serial(leaf().serial()).value();
    ASSERT_EQ(known.size(), 1U);
    EXPECT_EQ(known.front().kind, "node");
}

TEST_F(Reissue, MakesNoLedgerWhereThereIsNone) {
    ASSERT_EQ(reissue().value(), Reissued::yes);
    EXPECT_FALSE(std::filesystem::exists(file(Ledger::file_name)));
}

TEST_F(Reissue, KeepsTypeAndSizeOfTheKey) {
    auto const rsa =
        Key(tls::EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1280})));
    EXPECT_EQ(EVP_PKEY_get_bits(Key::generate_like(rsa).get()), 1280);
    auto const p384 = Key(tls::EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384")));
    EXPECT_EQ(EVP_PKEY_get_bits(Key::generate_like(p384).get()), 384);
    auto const ed = Key(tls::EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")));
    EXPECT_EQ(EVP_PKEY_is_a(Key::generate_like(ed).get(), "ED25519"), 1);
}

TEST_F(Reissue, DoesNothingBeforeTwoThirdsOfItsLife) {
    auto const old = leaf();
    now_ = renewal_time(old, ca_.certificate) - 1s;
    EXPECT_EQ(reissue().value(), Reissued::not_due);
    EXPECT_EQ(leaf().serial(), old.serial());
    now_ += 1s;
    EXPECT_EQ(reissue().value(), Reissued::yes);
}

TEST_F(Reissue, TheSecondOfTwoFindsNothingToDo) {
    ASSERT_EQ(reissue().value(), Reissued::yes);
    auto const fresh = leaf();
    EXPECT_EQ(reissue().value(), Reissued::not_due);
    EXPECT_EQ(leaf().serial(), fresh.serial());
}

TEST_F(Reissue, AShortLifeIsNotDueAgainAtOnce) {
    auto wish = test::client_wish("short");
    wish.from = now_ - 50s;
    wish.until = now_ + 10s;
    serve(make_under(ca_, wish));
    ASSERT_EQ(reissue().value(), Reissued::yes);
    EXPECT_EQ(leaf().not_after(), now_ + 55s);
    EXPECT_EQ(reissue().value(), Reissued::not_due);
}

TEST_F(Reissue, NeverOutlivesItsCa) {
    auto wish = test::ca_wish("Old CA");
    wish.until = now_ + 25h;
    auto const old_ca = make_root(wish);
    auto leaf_wish = test::client_wish("db.example");
    leaf_wish.from = now_ - 70h;
    leaf_wish.until = now_ + 20h;
    serve(make_under(old_ca, leaf_wish));
    write_public(file("ca.crt"), old_ca.certificate.to_pem()).value();
    write_private(file("ca.key"), old_ca.key.to_pem()).value();
    ASSERT_EQ(reissue().value(), Reissued::yes);
    EXPECT_EQ(leaf().not_after(), now_ + 25h);
    // Another one could live no longer.
    now_ += 24h;
    EXPECT_EQ(reissue().value(), Reissued::not_due);
}

TEST_F(Reissue, OneThatIsNotValidYetIsIssuedAgain) {
    auto wish = test::client_wish("db.example");
    wish.from = now_ + 9000h;
    wish.until = now_ + 9090h;
    auto root = test::ca_wish("Own CA");
    root.until = now_ + 20000h;
    ca_ = make_root(root);
    write_public(file("ca.crt"), ca_.certificate.to_pem()).value();
    write_private(file("ca.key"), ca_.key.to_pem()).value();
    serve(make_under(ca_, wish));
    EXPECT_EQ(reissue().value(), Reissued::yes);
    EXPECT_LE(leaf().not_before(), now_);
}

TEST_F(Reissue, SignsWithTheCertificateThatTheKeyBelongsTo) {
    auto const other = make_root(test::ca_wish("Newer CA"));
    write_public(file("ca.crt"), other.certificate.to_pem() + ca_.certificate.to_pem()).value();
    ASSERT_EQ(reissue().value(), Reissued::yes);
    EXPECT_TRUE(leaf().is_signed_by(ca_.certificate));
}

TEST_F(Reissue, RefusesWhatAnotherCaIssued) {
    auto const other = make_root(test::ca_wish("Another CA"));
    serve(make_under(other, test::client_wish("db.example")));
    auto const before = leaf().serial();
    EXPECT_EQ(reissue().error(), Errc::certificate_untrusted);
    EXPECT_EQ(leaf().serial(), before);
}

TEST_F(Reissue, SaysWhatIsWrongWithTheCa) {
    write_private(file("ca.key"), "nothing").value();
    EXPECT_EQ(reissue().error(), Errc::file_invalid);
    write_private(file("ca.key"), Key::generate(KeyType::ecdsa_p256).to_pem()).value();
    EXPECT_EQ(reissue().error(), Errc::key_mismatch);
    std::filesystem::remove(file("ca.key"));
    EXPECT_EQ(reissue().error(), Errc::file_unreadable);
}

TEST_F(Reissue, AnEncryptedKeyStaysEncrypted) {
    auto const pair = read_pair(files()).value();
    write_private(files().key, pair.key.to_pem("secret")).value();
    ASSERT_EQ(reissue_files(files(), "secret", authority(), now_).value(), Reissued::yes);
    EXPECT_FALSE(read_pair(files()).has_value());
    EXPECT_TRUE(read_pair(files(), "secret").has_value());
}

TEST_F(Reissue, ReplacesTheFilesThatLinksLeadTo) {
    std::filesystem::create_directory(file("real"));
    for (auto const* name : {"server.crt", "server.key"}) {
        std::filesystem::rename(file(name), file("real") / name);
        std::filesystem::create_symlink(std::filesystem::path("real") / name, file(name));
    }
    ASSERT_EQ(reissue().value(), Reissued::yes);
    EXPECT_TRUE(std::filesystem::is_symlink(file("server.crt")));
    EXPECT_TRUE(std::filesystem::is_symlink(file("server.key")));
    EXPECT_EQ(leaf().not_before(), now_ - 1h);
}

/// What a kill between the two files leaves: the key is the new one, its certificate waits.
TEST_F(Reissue, WhatWasInterruptedIsCompleted) {
    auto const authority_now = Authority::from(ca_.certificate, ca_.key).value();
    auto const fresh = pki::reissue(authority_now, read_pair(files()).value(), now_);
    write_public(staged_certificate(files()), to_pem(fresh.chain)).value();
    write_private(files().key, fresh.key.to_pem()).value();
    ASSERT_EQ(read_pair(files()).error(), Errc::key_mismatch);
    ASSERT_TRUE(finish_replacement(files(), {}));
    EXPECT_EQ(leaf().serial(), fresh.chain.front().serial());
    EXPECT_FALSE(std::filesystem::exists(staged_certificate(files())));
}

TEST_F(Reissue, WhatWasInterruptedBeforeTheKeyIsUndone) {
    auto const before = leaf().serial();
    write_public(staged_certificate(files()), ca_.certificate.to_pem()).value();
    ASSERT_TRUE(finish_replacement(files(), {}));
    EXPECT_EQ(leaf().serial(), before);
    EXPECT_FALSE(std::filesystem::exists(staged_certificate(files())));
}

/// Processes that are killed at any moment leave a pair that serves, or one that is repaired.
TEST_F(Reissue, KilledAtAnyMomentItLeavesAPair) {
    for (int round = 0; round < 10; ++round) {
        auto const child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            for (auto at = now_;; at += 61h)
                static_cast<void>(reissue_files(files(), {}, authority(), at));
        }
        ::usleep(static_cast<useconds_t>(1'000 + round * 1'500));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        ASSERT_TRUE(finish_replacement(files(), {}));
        ASSERT_TRUE(read_pair(files()).has_value()) << "after round " << round;
    }
}

TEST_F(Reissue, TwoAtOnceLeaveOneNewPair) {
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
        auto const child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            auto const done = reissue();
            bool const came_too_late = !done && done.error() == Errc::would_block;
            if (!done && !came_too_late) ::_exit(9);
            ::_exit(done && *done == Reissued::yes ? 1 : 0);
        }
        children.push_back(child);
    }
    int renewed = 0;
    for (auto const child : children) {
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(WIFEXITED(status));
        ASSERT_NE(WEXITSTATUS(status), 9);
        renewed += WEXITSTATUS(status);
    }
    EXPECT_EQ(renewed, 1);
    EXPECT_TRUE(read_pair(files()).has_value());
}

}  // namespace
}  // namespace sallyport::pki
