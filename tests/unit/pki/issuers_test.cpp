// The CAs of a certificates directory, and the names of regions and partitions.
#include "pki/issuers.hpp"

#include "pki/files.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using namespace test;
using namespace std::chrono_literals;

TEST(Places, HavePlainNames) {
    for (auto const* const name : {"eu-west-1", "a", "9", "gov", "abcdefghijklmnopqrst"})
        EXPECT_TRUE(check_place("region", name)) << name;
    for (auto const* const name : {"", "-a", "a-", "a--b", "EU", "a/b", "..", "a b", "a.b", "ca",
                                   "ca-client", "global", "abcdefghijklmnopqrstu", "\xc3\xa4"})
        EXPECT_FALSE(check_place("region", name)) << name;
}

TEST(Places, NameTheirFiles) {
    EXPECT_EQ(certs_names::region_ca("eu"), "regions/ca-eu.crt");
    EXPECT_EQ(certs_names::list_of("regions/ca-eu.crt"), "eu.crl");
    EXPECT_EQ(certs_names::list_of("ca.crt"), "ca.crl");
    EXPECT_EQ(certs_names::list_of("ca-client.crt"), "ca-client.crl");
    EXPECT_EQ(partition_name("certs/partitions/gov"), "gov");
    EXPECT_EQ(partition_name("certs/partitions/gov/"), "gov");
    EXPECT_EQ(partition_name("certs/partitions/gov/regions/../."), "gov");
    EXPECT_EQ(partition_name("certs"), "");
}

TEST(Issuers, AreThoseAtTheTopAndOfTheRegions) {
    TemporaryDirectory const place;
    auto const root = Authority::create("Root", 100h);
    auto const old = Authority::create("Old", 100h);
    auto const region =
        root.issue_intermediate("Region", current_time() + 50h, KeyType::ecdsa_p256);
    ASSERT_TRUE(make_private_directory(place.path() / "regions"));
    ASSERT_TRUE(write_public(place.path() / "ca.crt",
                             root.certificate().to_pem() + old.certificate().to_pem()));
    ASSERT_TRUE(write_public(place.path() / "regions/ca-eu.crt", region.certificate().to_pem()));
    ASSERT_TRUE(write_public(place.path() / "regions/ca-NOT.crt", "no region's name"));
    ASSERT_TRUE(write_public(place.path() / "regions/notes.txt", "nor this"));

    EXPECT_EQ(regions_of(place.path()), std::vector<std::string>{"eu"});
    auto const issuers = issuers_of(CertsDirectory::open(place.path()).value()).value();
    ASSERT_EQ(issuers.size(), 3U);
    EXPECT_EQ(issuers[1].certificate.subject(), "CN=Old,O=Sallyport");
    EXPECT_EQ(issuers[2].file, "regions/ca-eu.crt");
    EXPECT_EQ(issuers[2].region, "eu");

    // The intermediate signs leaves alone, and never outlives its root.
    EXPECT_LE(region.certificate().not_after(), root.certificate().not_after());
    auto const leaf = region.issue_server({"db"}, 10h).chain.front();
    EXPECT_EQ(verdict({leaf, region.certificate()}, {root.certificate()}, X509_PURPOSE_SSL_SERVER),
              X509_V_OK);
    auto const below = region.issue_intermediate("Below", current_time() + 9h, KeyType::ecdsa_p256);
    auto const deep = below.issue_server({"db"}, 5h).chain.front();
    EXPECT_EQ(verdict({deep, below.certificate(), region.certificate()}, {root.certificate()},
                      X509_PURPOSE_SSL_SERVER),
              X509_V_ERR_PATH_LENGTH_EXCEEDED);
}

TEST(Issuers, AreOpenedWithTheirOwnKeyOnly) {
    TemporaryDirectory const place;
    auto const root = Authority::create("Root", 100h);
    auto const region =
        root.issue_intermediate("Region", current_time() + 50h, KeyType::ecdsa_p256);
    auto const key = place.path() / "ca.key";
    ASSERT_TRUE(write_private(key, root.key().to_pem()));
    Issuer const issuer{region.certificate(), "regions/ca-eu.crt", "eu"};
    EXPECT_EQ(open_issuer(issuer, {key, {}}, current_time()).error().code, Errc::key_mismatch);
    // Beside the root's key: found by its name.
    ASSERT_TRUE(write_private(place.path() / "ca-eu.key", region.key().to_pem()));
    EXPECT_TRUE(open_issuer(issuer, {key, {}}, current_time()));
    // The given key goes before the one that lies beside it.
    auto const old = root.issue_intermediate("Region", current_time() + 50h, KeyType::ecdsa_p256);
    auto const old_key = place.path() / "ca-eu.old.key";
    ASSERT_TRUE(write_private(old_key, old.key().to_pem()));
    EXPECT_TRUE(open_issuer({old.certificate(), issuer.file, "eu"}, {old_key, {}}, current_time()));
    EXPECT_EQ(open_issuer(issuer, {key, {}}, current_time() + 51h).error().code,
              Errc::certificate_expired);
}

}  // namespace
}  // namespace sallyport::pki
