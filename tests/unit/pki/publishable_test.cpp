#include "pki/publishable.hpp"

#include "pki/bundle.hpp"
#include "pki/crl.hpp"
#include "support/crl.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using enum Publication;

Authority const& ca() {
    static auto const authority = Authority::create("CA", std::chrono::hours(24));
    return authority;
}

std::string der_of(Certificate const& certificate) {
    return test::der<X509>(i2d_X509, certificate.get());
}

TEST(Publishable, CertificatesAreShownAsTheyAre) {
    auto const pem = "# a comment\n" + ca().certificate().to_pem() + ca().certificate().to_pem();
    EXPECT_EQ(publishable(pem, certificates).value(), pem);
    auto const der = der_of(ca().certificate());
    EXPECT_EQ(publishable(der, certificates).value(), der);
}

TEST(Publishable, APrivateKeyNeverIs) {
    auto const cert = ca().certificate().to_pem();
    auto const key = ca().key().to_pem();
    auto const der = test::der<EVP_PKEY>(i2d_PrivateKey, ca().key().get());
    for (auto const kind : {certificates, bundle, revocations})
        for (auto const& content :
             {key, cert + key, key + cert, ca().key().to_pem("secret"), der,
              der_of(ca().certificate()) + der, cert + "-----BEGIN EC PRIVATE KEY-----\n"})
            EXPECT_FALSE(publishable(content, kind)) << content.substr(0, 40);
}

TEST(Publishable, GarbageIsNot) {
    for (auto const kind : {certificates, bundle, revocations})
        for (std::string const content : {"", "hello", "-----BEGIN CERTIFICATE-----\nnonsense\n"})
            EXPECT_FALSE(publishable(content, kind));
}

TEST(Publishable, ARevocationListIsShownInDer) {
    auto const crl = sallyport::test::crl_pem(ca());
    auto const der = Crl::from_pem(crl)->front().to_der();
    EXPECT_EQ(publishable(crl, revocations).value(), der);
    EXPECT_EQ(publishable(der, revocations).value(), der);
    auto const other = sallyport::test::crl_pem(Authority::create("B", std::chrono::hours(24)));
    EXPECT_EQ(publishable(crl + other, revocations).value(), der) << "the first of several";
    EXPECT_FALSE(publishable(crl + ca().key().to_pem(), revocations));
    EXPECT_FALSE(publishable(crl + "-----BEGIN X509 CRL-----\nnonsense\n", revocations));
    EXPECT_FALSE(publishable(crl, certificates));
}

TEST(Publishable, ABundleIsSignedDataOfCertificates) {
    auto const p7b = to_pkcs7({ca().certificate()});
    EXPECT_EQ(publishable(p7b, bundle).value(), p7b);
    EXPECT_FALSE(publishable(p7b + "x", bundle));
    EXPECT_FALSE(publishable(p7b, certificates));
}

}  // namespace
}  // namespace sallyport::pki
