// Certificates are read whole or not at all, and described in the forms that databases compare.
#include "pki/certificate.hpp"

#include "unit/pki/support.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;
using namespace test;

Made root_with(std::vector<NamePart> subject) {
    auto wish = ca_wish("unused");
    wish.subject = std::move(subject);
    return make_root(wish);
}

TEST(CertificatePem, GivesAllCertificatesInTheirOrder) {
    auto const one = make_root(ca_wish("one")).certificate;
    auto const two = make_root(ca_wish("two")).certificate;
    auto const read = Certificate::from_pem(to_pem({one, two}));
    ASSERT_TRUE(read);
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ((*read)[0].fingerprint(), one.fingerprint());
    EXPECT_EQ((*read)[1].fingerprint(), two.fingerprint());
}

TEST(CertificatePem, PassesOverCommentsAndKeys) {
    auto const made = make_root(ca_wish("one"));
    auto const text = "A bundle\n========\n# comment\n" + made.key.to_pem() + "\r\n" +
                      made.certificate.to_pem() + "\nthe end";
    auto const read = Certificate::from_pem(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->size(), 1U);
}

TEST(CertificatePem, ReadsTrustedCertificatesToo) {
    auto const made = make_root(ca_wish("one")).certificate;
    auto text = made.to_pem();
    for (auto at = text.find("CERTIFICATE"); at != std::string::npos;
         at = text.find("CERTIFICATE", at + 20))
        text.insert(at, "TRUSTED ");
    auto const read = Certificate::from_pem(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->front().fingerprint(), made.fingerprint());
}

TEST(CertificatePem, RefusesEveryTruncation) {
    auto const one = make_root(ca_wish("one")).certificate.to_pem();
    auto const text = one + make_root(ca_wish("two")).certificate.to_pem();
    for (std::size_t size = 0; size < text.size(); ++size) {
        auto const read = Certificate::from_pem(text.substr(0, size));
        // Only where a certificate has just ended, with or without its line's end, is it whole.
        bool const whole = size == one.size() || size == one.size() - 1 || size == text.size() - 1;
        EXPECT_EQ(read.has_value(), whole) << "at " << size << " of " << text.size();
        ASSERT_EQ(ERR_peek_error(), 0U) << "at " << size;
    }
}

TEST(CertificatePem, RefusesDamage) {
    auto const good = make_root(ca_wish("one")).certificate.to_pem();
    auto not_base64 = good;
    not_base64[100] = '!';
    auto not_der = good;
    not_der.replace(28, 8, "AAAAAAAA");
    for (auto const& text : {std::string(), std::string("no certificate here"), not_base64, not_der,
                             good + not_der, not_der + good}) {
        auto const read = Certificate::from_pem(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), Errc::file_invalid);
        EXPECT_EQ(ERR_peek_error(), 0U);
    }
}

TEST(CertificateNames, AreInTheFormsThatDatabasesCompare) {
    auto const made = root_with({{NID_countryName, V_ASN1_PRINTABLESTRING, "DE"},
                                 {NID_organizationName, V_ASN1_UTF8STRING, "Löwe, \"Söhne\" & Co"},
                                 {NID_commonName, V_ASN1_UTF8STRING, "alice"}});
    EXPECT_EQ(made.certificate.subject(), R"(CN=alice,O=L\C3\B6we\, \"S\C3\B6hne\" & Co,C=DE)");
    EXPECT_EQ(made.certificate.subject_oneline(),
              R"(/C=DE/O=L\xC3\xB6we, "S\xC3\xB6hne" & Co/CN=alice)");
    EXPECT_EQ(made.certificate.issuer(), made.certificate.subject());
    EXPECT_EQ(made.certificate.issuer_oneline(), made.certificate.subject_oneline());
}

TEST(CertificateNames, StayOnOneLineWhateverTheyHold) {
    auto const made = root_with(common_name("a\nb"));
    EXPECT_EQ(made.certificate.subject(), R"(CN=a\0Ab)");
}

TEST(CertificateNames, MayBeEmpty) {
    auto const made = root_with({});
    EXPECT_EQ(made.certificate.subject(), "");
    EXPECT_EQ(made.certificate.subject_oneline(), "");
}

TEST(CertificateNames, ListsDnsNamesAndAddresses) {
    auto wish = ca_wish("server");
    wish.extensions.emplace_back(
        NID_subject_alt_name,
        "DNS:Db.Example,DNS:*.db.example,IP:10.0.0.1,IP:::1,email:a@b.example");
    EXPECT_EQ(make_root(wish).certificate.names(),
              (std::vector<std::string>{"db.example", "*.db.example", "10.0.0.1", "::1"}));
    EXPECT_TRUE(make_root(ca_wish("none")).certificate.names().empty());
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(CertificateFields, SerialsOfAnyLength) {
    auto wish = ca_wish("serial");
    for (std::string const serial :
         {"01", "7F", "FF00", "0102030405060708090A0B0C0D0E0F1011121314"}) {
        wish.serial = serial;
        EXPECT_EQ(make_root(wish).certificate.serial(), serial);
    }
}

TEST(CertificateFields, TimesBeyond2050) {
    auto wish = ca_wish("long");
    wish.from = std::chrono::sys_days(1999y / 12 / 31) + 23h;
    wish.until = std::chrono::sys_days(2071y / 2 / 3) + 4h + 5min + 6s;
    auto const made = make_root(wish).certificate;
    EXPECT_EQ(made.not_before(), wish.from);
    EXPECT_EQ(made.not_after(), wish.until);
}

TEST(CertificateFields, FingerprintsAreThoseOfTheOpensslCommand) {
    TemporaryDirectory const directory;
    auto const made = make_root(ca_wish("one")).certificate;
    auto const file = (directory.path() / "c.pem").string();
    auto const hash = [&](std::string const& what, std::string const& expected) {
        return run("test $(" + what + " | openssl dgst -sha256 -r | cut -c1-64) = " + expected);
    };
    ASSERT_EQ(run("cat > " + file + " <<'END'\n" + made.to_pem() + "END"), 0);
    EXPECT_EQ(hash("openssl x509 -outform DER -in " + file, made.fingerprint()), 0);
    EXPECT_EQ(
        hash("openssl x509 -pubkey -noout -in " + file + " | openssl pkey -pubin -outform DER",
             made.spki_fingerprint()),
        0);
}

TEST(CertificateFields, AuthorityFingerprintIsOfSubjectAndKeyAlone) {
    auto const ca = make_root(ca_wish("ca"));
    auto const fingerprint = ca.certificate.authority_fingerprint();
    auto renewed = ca_wish("ca");
    renewed.serial = "2002";
    renewed.until += std::chrono::days(365);
    EXPECT_EQ(make_root(renewed, ca.key).certificate.authority_fingerprint(), fingerprint);
    EXPECT_NE(make_root(ca_wish("ca")).certificate.authority_fingerprint(), fingerprint);
    EXPECT_NE(make_root(ca_wish("cb"), ca.key).certificate.authority_fingerprint(), fingerprint);
}

TEST(CertificateRole, SelfSignedNeedsMoreThanEqualNames) {
    auto const root = make_root(ca_wish("ca"));
    auto const imitation = make_under(root, ca_wish("ca"));
    EXPECT_TRUE(root.certificate.is_self_signed());
    EXPECT_FALSE(imitation.certificate.is_self_signed());
    EXPECT_FALSE(make_under(root, client_wish("alice")).certificate.is_self_signed());
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(CertificateRole, CaAndLeaf) {
    auto const root = make_root(ca_wish("ca"));
    EXPECT_TRUE(root.certificate.is_ca());
    EXPECT_FALSE(make_under(root, client_wish("alice")).certificate.is_ca());
}

TEST(CertificateRole, SignedByTheKeyOfTheNamedIssuer) {
    auto const root = make_root(ca_wish("ca"));
    auto const namesake = make_root(ca_wish("ca"));
    auto const alice = make_under(root, client_wish("alice")).certificate;
    EXPECT_TRUE(alice.is_signed_by(root.certificate));
    EXPECT_FALSE(alice.is_signed_by(namesake.certificate));
    auto const renamed = make_root(ca_wish("cb"), root.key);
    EXPECT_FALSE(alice.is_signed_by(renamed.certificate));

    // Without an AKI only the signature tells the two namesakes apart.
    auto wish = client_wish("bob");
    wish.extensions.pop_back();
    auto const bob = make_under(root, wish).certificate;
    EXPECT_TRUE(bob.is_signed_by(root.certificate));
    EXPECT_FALSE(bob.is_signed_by(namesake.certificate));
    EXPECT_FALSE(alice.is_signed_by(alice));
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(CertificateRole, MatchesItsOwnKeyOnly) {
    auto const one = make_root(ca_wish("one"));
    EXPECT_TRUE(one.certificate.matches(one.key));
    EXPECT_FALSE(one.certificate.matches(Key::generate(KeyType::ecdsa_p256)));
    EXPECT_FALSE(one.certificate.matches(Key::generate(KeyType::rsa_2048)));
    EXPECT_FALSE(one.certificate.matches(Key()));
    EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace sallyport::pki
