// Bundles, byte for byte as openssl makes them.
#include "pki/bundle.hpp"

#include "pki/authority.hpp"
#include "pki/files.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using namespace test;
using namespace std::chrono_literals;

struct BundleTest : testing::Test {
    std::vector<Certificate> certificates{Authority::create("One", 100h).certificate(),
                                          Authority::create("Two", 100h).certificate(),
                                          Authority::create("Three", 100h).certificate()};
    TemporaryDirectory directory;

    std::string file(std::string const& name) const { return (directory.path() / name).string(); }
};

TEST_F(BundleTest, IsWhatOpensslMakes) {
    ASSERT_TRUE(write_public(file("b.pem"), to_pem(certificates)));
    ASSERT_TRUE(write_public(file("b.p7b"), to_pkcs7(certificates)));
    ASSERT_EQ(run("openssl crl2pkcs7 -nocrl -certfile " + file("b.pem") + " -outform DER -out " +
                  file("theirs.p7b")),
              0);
    EXPECT_EQ(*read_file(file("b.p7b")), *read_file(file("theirs.p7b")));
}

TEST_F(BundleTest, IsReadByOpenssl) {
    ASSERT_TRUE(write_public(file("b.p7b"), to_pkcs7(certificates)));
    ASSERT_EQ(run("openssl pkcs7 -inform DER -print_certs -in " + file("b.p7b") + " -out " +
                  file("out.pem")),
              0);
    auto const read = Certificate::from_pem(*read_file(file("out.pem"))).value();
    ASSERT_EQ(read.size(), certificates.size());
    for (std::size_t i = 0; i < read.size(); ++i)
        EXPECT_EQ(read[i].fingerprint(), certificates[i].fingerprint());
}

TEST_F(BundleTest, HoldsEachOnceAndNothingExpired) {
    certificates.push_back(certificates.front());
    EXPECT_EQ(for_bundle(certificates, current_time()).size(), 3U);
    EXPECT_TRUE(for_bundle(certificates, current_time() + 101h).empty());
}

}  // namespace
}  // namespace sallyport::pki
