// What the authority makes passes the strictest checks, and what it makes "like" another
// certificate is like it to the byte where databases look.
#include "pki/authority.hpp"

#include "pki/files.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <set>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;
using namespace test;
using std::chrono::days;

std::uint32_t key_usage(Certificate const& certificate) {
    return X509_get_key_usage(certificate.get());
}

std::string key_id(ASN1_OCTET_STRING const* id) {
    if (id == nullptr) return {};
    return {reinterpret_cast<char const*>(ASN1_STRING_get0_data(id)),
            static_cast<std::size_t>(ASN1_STRING_length(id))};
}
std::string subject_key_id(Certificate const& c) {
    return key_id(X509_get0_subject_key_id(c.get()));
}
std::string authority_key_id(Certificate const& c) {
    return key_id(X509_get0_authority_key_id(c.get()));
}

/// An intermediate or client leaf's original with odd subject: every string type that OpenSSL
/// would normalise away if the name were rebuilt.
std::vector<NamePart> odd_subject() {
    return {{NID_countryName, V_ASN1_PRINTABLESTRING, "DE"},
            {NID_organizationName, V_ASN1_T61STRING, "L\xf6we, \"S\xf6hne\""},
            {NID_organizationalUnitName, V_ASN1_BMPSTRING, std::string("\0O\0U\x20\xac", 6)},
            {NID_commonName, V_ASN1_UTF8STRING, "Zoë + <admin>; #1"},
            {NID_commonName, V_ASN1_PRINTABLESTRING, "second"}};
}

TEST(Authority, RootIsStrict) {
    auto const root = Authority::create("Test CA", days(3652));
    auto const& certificate = root.certificate();
    EXPECT_EQ(certificate.subject(), "CN=Test CA,O=Sallyport");
    EXPECT_TRUE(certificate.is_self_signed());
    EXPECT_TRUE(certificate.is_ca());
    EXPECT_EQ(key_usage(certificate), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    EXPECT_EQ(X509_get_pathlen(certificate.get()), -1);
    EXPECT_EQ(authority_key_id(certificate), subject_key_id(certificate));
    EXPECT_FALSE(subject_key_id(certificate).empty());
    EXPECT_EQ(verdict({certificate}, {certificate}, X509_PURPOSE_ANY), X509_V_OK);
    EXPECT_LT(certificate.not_before(), current_time());
    EXPECT_NEAR(static_cast<double>((certificate.not_after() - current_time()).count()),
                days(3652) / 1s, 60);
}

TEST(Authority, ServerLeavesAreStrict) {
    auto const root = Authority::create("Test CA", days(10));
    std::vector<std::string> const names{"db.example", "*.db.example", "10.0.0.1", "::1"};
    for (auto const type : {KeyType::ecdsa_p256, KeyType::rsa_2048}) {
        auto const server = root.issue_server(names, days(5), type);
        auto const& leaf = server.chain.front();
        EXPECT_EQ(server.chain.size(), 1U);
        EXPECT_EQ(leaf.subject(), "CN=db.example");
        EXPECT_EQ(leaf.names(), names);
        EXPECT_TRUE(leaf.matches(server.key));
        EXPECT_TRUE(leaf.is_signed_by(root.certificate()));
        EXPECT_FALSE(leaf.is_ca());
        auto const encipherment = type == KeyType::rsa_2048 ? KU_KEY_ENCIPHERMENT : 0;
        EXPECT_EQ(key_usage(leaf), static_cast<unsigned>(KU_DIGITAL_SIGNATURE | encipherment));
        EXPECT_EQ(X509_get_extended_key_usage(leaf.get()), static_cast<unsigned>(XKU_SSL_SERVER));
        EXPECT_EQ(verdict({leaf}, {root.certificate()}, X509_PURPOSE_SSL_SERVER), X509_V_OK);
        EXPECT_NE(verdict({leaf}, {root.certificate()}, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    }
}

TEST(Authority, ANameTooLongForACommonNameIsAnAlternativeNameOnly) {
    auto const root = Authority::create("Test CA", days(10));
    auto const name = std::string(60, 'a') + ".example";
    auto const leaf = root.issue_server({name}, days(5)).chain.front();
    EXPECT_EQ(leaf.subject(), "");
    EXPECT_EQ(leaf.names(), std::vector<std::string>{name});
    EXPECT_EQ(verdict({leaf}, {root.certificate()}, X509_PURPOSE_SSL_SERVER), X509_V_OK);
}

TEST(Authority, ClientLeavesAreStrict) {
    auto const root = Authority::create("Test CA", days(10), KeyType::rsa_2048);
    auto const client = root.issue_client("zoë", days(5));
    auto const& leaf = client.chain.front();
    EXPECT_EQ(leaf.subject(), R"(CN=zo\C3\AB)");
    EXPECT_TRUE(leaf.matches(client.key));
    EXPECT_EQ(X509_get_extended_key_usage(leaf.get()), static_cast<unsigned>(XKU_SSL_CLIENT));
    EXPECT_EQ(verdict({leaf}, {root.certificate()}, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    EXPECT_NE(verdict({leaf}, {root.certificate()}, X509_PURPOSE_SSL_SERVER), X509_V_OK);
    EXPECT_THROW(root.issue_client(std::string(65, 'x'), days(5)), std::runtime_error);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(Authority, TheOpensslCommandAgrees) {
    TemporaryDirectory const directory;
    auto const root = Authority::create("Test CA", days(10));
    auto const ca = directory.path() / "ca.crt";
    auto const leaf = directory.path() / "leaf.crt";
    ASSERT_TRUE(write_public(ca, root.certificate().to_pem()));
    auto const verify = [&](Credential const& credential, std::string const& purpose) {
        EXPECT_TRUE(write_public(leaf, to_pem(credential.chain)));
        return run("openssl verify -x509_strict -purpose " + purpose + " -CAfile " + ca.string() +
                   " " + leaf.string());
    };
    EXPECT_EQ(verify(root.issue_server({"localhost"}, days(5)), "sslserver"), 0);
    EXPECT_EQ(verify(root.issue_server({"localhost"}, days(5), KeyType::rsa_2048), "sslserver"), 0);
    EXPECT_EQ(verify(root.issue_client("alice", days(5)), "sslclient"), 0);
}

TEST(Authority, NoLeafOutlivesItsIssuer) {
    auto const root = Authority::create("Test CA", days(10));
    auto const end = root.certificate().not_after();
    EXPECT_EQ(root.issue_server({"a"}, days(90)).chain.front().not_after(), end);
    EXPECT_EQ(root.issue_client("a", days(90)).chain.front().not_after(), end);
}

TEST(Authority, SerialsAreLongAndNeverTheSame) {
    auto const root = Authority::create("Test CA", days(10));
    std::set<std::string> serials;
    std::size_t longest = 0;
    for (int i = 0; i < 50; ++i) {
        auto const serial = root.issue_client("alice", days(1)).chain.front().serial();
        EXPECT_EQ(serial.find('-'), std::string::npos);
        longest = std::max(longest, serial.size());
        serials.insert(serial);
    }
    EXPECT_EQ(serials.size(), 50U);
    EXPECT_EQ(longest, 32U);
}

TEST(Authority, FromFilesRefusesWhatCannotIssue) {
    auto const root = Authority::create("Test CA", days(10));
    EXPECT_TRUE(Authority::from(root.certificate(), root.key()));
    EXPECT_EQ(Authority::from(root.certificate(), Key::generate(KeyType::ecdsa_p256)).error(),
              Errc::key_mismatch);
    auto const leaf = root.issue_client("alice", days(1));
    EXPECT_EQ(Authority::from(leaf.chain.front(), leaf.key).error(), Errc::file_invalid);
    auto wish = ca_wish("no SKI");
    wish.extensions.pop_back();
    auto const bare = make_root(wish);
    EXPECT_EQ(Authority::from(bare.certificate, bare.key).error(), Errc::file_invalid);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(AuthorityLike, RootHasTheVerySubjectAndAnotherKey) {
    auto wish = ca_wish("unused");
    wish.subject = odd_subject();
    auto const original = make_root(wish).certificate;
    auto const mirror = Authority::create_like(original, days(3652));
    EXPECT_EQ(subject_der(mirror.certificate()), subject_der(original));
    EXPECT_EQ(issuer_der(mirror.certificate()), subject_der(original));
    EXPECT_NE(mirror.certificate().spki_fingerprint(), original.spki_fingerprint());
    EXPECT_NE(subject_key_id(mirror.certificate()), subject_key_id(original));
    EXPECT_EQ(authority_key_id(mirror.certificate()), subject_key_id(mirror.certificate()));
    EXPECT_TRUE(mirror.certificate().is_self_signed());
    EXPECT_EQ(X509_get_pathlen(mirror.certificate().get()), -1);
    EXPECT_EQ(verdict({mirror.certificate()}, {mirror.certificate()}, X509_PURPOSE_ANY), X509_V_OK);
}

TEST(AuthorityLike, PathLengthOnlyWhereTheOriginalHasOne) {
    auto const root = Authority::create("Test CA", days(10));
    auto const real = make_root(ca_wish("real"));
    auto wish = ca_wish("intermediate");
    EXPECT_EQ(
        X509_get_pathlen(
            root.issue_intermediate_like(make_under(real, wish).certificate).certificate().get()),
        -1);
    for (long const length : {0L, 3L}) {
        wish.extensions[0].second = "critical,CA:TRUE,pathlen:" + std::to_string(length);
        auto const original = make_under(real, wish).certificate;
        auto const made = root.issue_intermediate_like(original).certificate();
        EXPECT_EQ(X509_get_pathlen(made.get()), length);
        EXPECT_EQ(X509_get_pathlen(Authority::create_like(original, days(1)).certificate().get()),
                  length);
    }
}

TEST(AuthorityLike, IntermediateEndsWithTheFirstOfItsTwoLimits) {
    auto const real = make_root(ca_wish("real"));
    auto wish = ca_wish("intermediate");
    wish.until = current_time() + days(20);
    auto const original = make_under(real, wish).certificate;
    auto const longer = Authority::create("longer", days(40));
    auto const shorter = Authority::create("shorter", days(5));
    EXPECT_EQ(longer.issue_intermediate_like(original).certificate().not_after(), wish.until);
    EXPECT_EQ(shorter.issue_intermediate_like(original).certificate().not_after(),
              shorter.certificate().not_after());
}

TEST(AuthorityLike, ClientCopiesWhatDatabasesLookAt) {
    auto const real = make_root(ca_wish("real"));
    auto wish = client_wish("unused");
    wish.subject = odd_subject();
    wish.serial = "FEDCBA98765432100123456789ABCDEF01234567";
    wish.extensions.emplace_back(
        NID_subject_alt_name,
        "critical,DNS:a.example,URI:crdb://tenant/1/user/alice,email:a@b.c,"
        "IP:10.1.2.3,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@example");
    auto const original = make_under(real, wish).certificate;
    auto const mirror = Authority::create_like(real.certificate, days(3652));
    auto const made = mirror.issue_client_like(original, 1h);
    auto const& leaf = made.chain.front();

    EXPECT_EQ(subject_der(leaf), subject_der(original));
    EXPECT_EQ(issuer_der(leaf), issuer_der(original));
    EXPECT_EQ(leaf.serial(), original.serial());
    EXPECT_EQ(extension_der(leaf, NID_subject_alt_name),
              extension_der(original, NID_subject_alt_name));
    EXPECT_EQ(authority_key_id(leaf), subject_key_id(mirror.certificate()));
    EXPECT_NE(leaf.spki_fingerprint(), original.spki_fingerprint());
    EXPECT_TRUE(leaf.matches(made.key));
    EXPECT_EQ(X509_get_extended_key_usage(leaf.get()), static_cast<unsigned>(XKU_SSL_CLIENT));
    EXPECT_EQ(verdict({leaf}, {mirror.certificate()}, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
}

TEST(AuthorityLike, ClientKeepsEvenOddSerials) {
    auto const real = make_root(ca_wish("real"));
    auto const mirror = Authority::create_like(real.certificate, days(3652));
    auto wish = client_wish("alice");
    for (std::string const serial :
         {"00", "-01", "80", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"}) {
        wish.serial = serial;
        auto const original = make_under(real, wish).certificate;
        auto const leaf = mirror.issue_client_like(original, 1h).chain.front();
        EXPECT_EQ(leaf.serial(), original.serial());
    }
}

TEST(AuthorityLike, ClientWithoutSubjectHasCriticalNames) {
    auto const real = make_root(ca_wish("real"));
    auto wish = client_wish("unused");
    wish.subject.clear();
    wish.extensions.emplace_back(NID_subject_alt_name, "URI:spiffe://example/alice");
    auto const original = make_under(real, wish).certificate;
    auto const mirror = Authority::create_like(real.certificate, days(3652));
    auto const leaf = mirror.issue_client_like(original, 1h).chain.front();
    EXPECT_EQ(leaf.subject(), "");
    EXPECT_NE(verdict({original}, {real.certificate}, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    EXPECT_EQ(verdict({leaf}, {mirror.certificate()}, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
}

TEST(AuthorityLike, ClientEndsWithTheFirstOfItsThreeLimits) {
    auto const real = make_root(ca_wish("real"));
    auto wish = client_wish("alice");
    wish.until = current_time() + 20min;
    auto const brief = make_under(real, wish).certificate;
    wish.until = current_time() + days(100);
    auto const long_lived = make_under(real, wish).certificate;
    auto const mirror = Authority::create_like(real.certificate, days(10));
    auto const now = current_time();
    auto const end_of = [&](Certificate const& original, seconds lifetime) {
        return mirror.issue_client_like(original, lifetime, now).chain.front().not_after();
    };
    EXPECT_EQ(end_of(brief, 1h), brief.not_after());
    EXPECT_EQ(end_of(long_lived, 1h), now + 1h);
    EXPECT_EQ(end_of(long_lived, days(50)), mirror.certificate().not_after());
}

}  // namespace
}  // namespace sallyport::pki
