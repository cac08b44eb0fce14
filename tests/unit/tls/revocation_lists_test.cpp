// Revocation lists at the door: each is proven once, and everything else about it is judged in
// every handshake.
#include "tls/revocation_lists.hpp"

#include "pki/crl.hpp"
#include "support/crl.hpp"
#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

#include <list>
#include <string>

namespace sallyport::tls {
namespace {

using std::chrono::days;
using std::chrono::hours;
using test::CrlWish;
using test::make_crl;

class RevocationLists : public testing::Test {
 protected:
    void open() { door_ = FrontContext::make(settings(), tickets_).value(); }
    /// What the door says of a client that shows these certificates; empty: it is let in.
    std::string judge(pki::Credential const& shown) {
        if (!door_) open();
        Identity identity;
        auto const wish = test::wish_as(shown, identity);
        auto& connection = connections_.emplace_back(loop_);
        connection.shake(loop_, door_->make_ssl(), client_->make_ssl(wish).value());
        if (!connection.server_error) return {};
        return connection.server.tls_error();
    }
    void expect(pki::Credential const& shown, std::string const& words) {
        auto const said = judge(shown);
        EXPECT_NE(said.find(words), std::string::npos) << said;
    }

    FrontSettings settings() const {
        auto settings = test::asking_settings(AskClient::required);
        settings.client_cas.clear();
        for (auto const& ca : cas_) settings.client_cas.push_back(ca.get());
        for (auto const& list : lists_) settings.crls.push_back(list.get());
        return settings;
    }

    pki::Credential client_of(pki::Authority const& issuer, std::string const& user) const {
        auto client = issuer.issue_client(user, days(3));
        client.chain.resize(1);
        if (!issuer.certificate().is_self_signed()) client.chain.push_back(issuer.certificate());
        return client;
    }

    /// As if the file had been different, and signed by nobody.
    static void revoke_unsigned(X509_CRL& list, pki::Credential const& client) {
        X509_REVOKED* const entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(client.chain.front().get()));
        Asn1StringPtr const long_ago(ASN1_TIME_set(nullptr, 0));
        X509_REVOKED_set_revocationDate(entry, long_ago.get());
        X509_CRL_add0_revoked(&list, entry);
        X509_CRL_sort(&list);
    }
    static void set_next(X509_CRL& list, pki::Time next) {
        Asn1StringPtr const due(ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(next)));
        X509_CRL_set1_nextUpdate(&list, due.get());
    }

    pki::Authority const root_ = pki::Authority::create("Root", days(9));
    pki::Credential const alice_ = client_of(root_, "alice");
    pki::Credential const bob_ = client_of(root_, "bob");
    std::vector<pki::Certificate> cas_{root_.certificate()};
    std::vector<X509CrlPtr> lists_;
    test::Loop loop_;
    TicketKeys tickets_;
    std::shared_ptr<FrontContext> door_;
    std::shared_ptr<BackContext> client_ = test::back_context();
    std::list<test::Connection> connections_;
};

TEST_F(RevocationLists, ASignatureIsCheckedOnceBeforeTheFirstHandshake) {
    lists_.push_back(make_crl(root_));
    open();
    revoke_unsigned(*lists_.front(), bob_);
    // Nobody changes a list in memory. That the signature does not fit is seen by nobody, either.
    for (int attempt = 0; attempt < 2; ++attempt) EXPECT_EQ(judge(alice_), "");
    expect(bob_, "certificate revoked");
}

TEST_F(RevocationLists, AListIsSortedBeforeTheFirstHandshake) {
    // As read from a file, and of a CA that is not at hand.
    auto const others = pki::Authority::create("Other", days(9));
    auto const read = pki::Crl::from_pem(test::crl_pem(others, {.revoked = {bob_.chain.front()}}));
    lists_.emplace_back(X509_CRL_dup(read->front().get()));
    auto* const entries = X509_CRL_get_REVOKED(lists_.front().get());
    ASSERT_EQ(sk_X509_REVOKED_is_sorted(entries), 0);
    open();
    EXPECT_EQ(sk_X509_REVOKED_is_sorted(entries), 1);
}

TEST_F(RevocationLists, ASignatureIsChecked) {
    lists_.push_back(make_crl(root_));
    revoke_unsigned(*lists_.front(), bob_);
    open();
    EXPECT_EQ(take_errors(), "unknown");
    for (int attempt = 0; attempt < 2; ++attempt) expect(alice_, "CRL signature failure");
}

TEST_F(RevocationLists, ANamesakesListProvesNothing) {
    lists_.push_back(make_crl(pki::Authority::create("Root", days(9))));
    for (int attempt = 0; attempt < 2; ++attempt) expect(alice_, "CRL signature failure");
}

TEST_F(RevocationLists, ACasSuccessorOfTheSameNameNeedsAListOfItsOwn) {
    auto const next = pki::Authority::create("Root", days(9));
    auto const carol = client_of(next, "carol");
    lists_.push_back(make_crl(root_));
    cas_ = {root_.certificate(), next.certificate()};
    EXPECT_EQ(judge(alice_), "");
    expect(carol, "CRL signature failure");
    EXPECT_EQ(judge(alice_), "");
}

TEST_F(RevocationLists, AListThatWasProvenStillExpires) {
    lists_.push_back(make_crl(root_));
    EXPECT_EQ(judge(alice_), "");
    set_next(*lists_.front(), pki::current_time() - hours(1));
    expect(alice_, "CRL has expired");
}

TEST_F(RevocationLists, AListThatWasProvenStillRevokes) {
    lists_.push_back(make_crl(root_, {.revoked = {bob_.chain.front()}}));
    EXPECT_EQ(judge(alice_), "");
    for (int attempt = 0; attempt < 2; ++attempt) expect(bob_, "certificate revoked");
    EXPECT_EQ(judge(alice_), "");
}

TEST_F(RevocationLists, EachCaOfAChainNeedsAList) {
    auto const middle =
        root_.issue_intermediate("Middle", pki::current_time() + days(8), pki::KeyType::ecdsa_p256);
    auto const carol = client_of(middle, "carol");
    lists_.push_back(make_crl(root_));
    EXPECT_EQ(judge(alice_), "");
    for (int attempt = 0; attempt < 2; ++attempt) expect(carol, "unable to get certificate CRL");
    lists_.push_back(make_crl(middle));
    door_ = nullptr;
    for (int attempt = 0; attempt < 2; ++attempt) EXPECT_EQ(judge(carol), "");
    // Each is proven now, and the root's speaks of an intermediate, too.
    revoke_unsigned(*lists_.back(), client_of(middle, "dave"));
    EXPECT_EQ(judge(carol), "");
    revoke_unsigned(*lists_.front(), {{middle.certificate()}, middle.key()});
    expect(carol, "certificate revoked");
    EXPECT_EQ(judge(alice_), "");
}

TEST_F(RevocationLists, ACaThatMayNotSignListsProvesNoneWithTheKeyOfOneThatMay) {
    auto const middle =
        root_.issue_intermediate("Middle", pki::current_time() + days(8), pki::KeyType::ecdsa_p256);
    X509Ptr const other(X509_dup(middle.certificate().get()));
    X509ExtensionPtr const replaced(
        X509_delete_ext(other.get(), X509_get_ext_by_NID(other.get(), NID_key_usage, -1)));
    X509ExtensionPtr const usage(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_key_usage, "critical,keyCertSign"));
    X509_add_ext(other.get(), usage.get(), -1);
    X509_sign(other.get(), root_.key().get(), EVP_sha256());
    lists_.push_back(make_crl(root_));
    lists_.push_back(make_crl(middle));
    auto carol = client_of(middle, "carol");
    EXPECT_EQ(judge(carol), "");
    carol.chain.back() = pki::Certificate(share(other.get()));
    expect(carol, "key usage does not include CRL signing");
}

TEST_F(RevocationLists, AListOfUsersAloneSpeaksOfNoCa) {
    auto const list = make_crl(root_);
    X509ExtensionPtr const scope(X509V3_EXT_conf_nid(
        nullptr, nullptr, NID_issuing_distribution_point, "critical,onlyuser:TRUE"));
    X509_CRL_add_ext(list.get(), scope.get(), -1);
    X509_CRL_sign(list.get(), root_.key().get(), EVP_sha256());
    // OpenSSL looks at a list's extensions when it reads it.
    auto const read = pki::Crl::from_pem(pki::Crl(X509CrlPtr(X509_CRL_dup(list.get()))).to_pem());
    lists_.emplace_back(X509_CRL_dup(read->front().get()));
    // Alice's own certificate is in scope. Her root's, which is looked up too, is not.
    for (int attempt = 0; attempt < 2; ++attempt) expect(alice_, "different CRL scope");
}

}  // namespace
}  // namespace sallyport::tls
