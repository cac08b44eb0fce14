// The certificates directory: changed as one, finished after a crash, listed by CockroachDB's
// rules.
#include "pki/certs_directory.hpp"

#include "pki/certs_listing.hpp"
#include "pki/files.hpp"
#include "pki/leaf_rules.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using namespace test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Certs : public testing::Test {
 protected:
    CertsDirectory open() const { return *CertsDirectory::open_to_write(path(), {}); }
    fs::path const& path() const { return directory_.path(); }
    std::string read(std::string const& name) const {
        auto const text = read_file(path() / name);
        return text ? *text : "none";
    }

    TemporaryDirectory directory_;
};

TEST_F(Certs, AreWrittenAllOrNone) {
    auto const directory = open();
    ASSERT_TRUE(directory.write({{"a.key", "1", true}, {"a.crt", "2"}}, false));
    EXPECT_EQ(mode_of(path() / "a.key"), 0600U);
    EXPECT_EQ(mode_of(path() / "a.crt"), 0644U);
    auto const again = directory.write({{"b.key", "3", true}, {"a.crt", "4"}}, false);
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().what.find("a.crt already exists"), std::string::npos);
    auto const refused = directory.write({{"a.key", "5", true}, {"a.crt", "6"}}, true,
                                         []() -> Checked<void> { return Fault{}; });
    EXPECT_FALSE(refused);
    EXPECT_EQ(read("a.key") + read("a.crt"), "12");
    EXPECT_EQ(entries_of(path()), (std::vector<std::string>{".lock", "a.crt", "a.key"}));
    ASSERT_TRUE(directory.write({{"a.key", "5", true}, {"regions/a.crt", "6"}}, true));
    EXPECT_EQ(read("a.key") + read("regions/a.crt"), "56");
}

TEST_F(Certs, AreFinishedWhereTheChangeWasDecided) {
    fs::create_directories(path() / ".staged/regions");
    fs::create_directories(path() / ".staged.new");
    ASSERT_TRUE(write_public(path() / ".staged/node.crt", "new"));
    ASSERT_TRUE(write_public(path() / ".staged/regions/eu.crt", "new"));
    ASSERT_TRUE(write_public(path() / ".staged.new/ca.crt", "half"));
    ASSERT_TRUE(write_public(path() / "node.crt", "old"));
    EXPECT_TRUE(CertsDirectory::open(path())->was_interrupted());
    auto const directory = open();
    EXPECT_FALSE(directory.was_interrupted());
    EXPECT_EQ(read("node.crt") + read("regions/eu.crt") + read("ca.crt"), "newnewnone");
    EXPECT_EQ(entries_of(path()), (std::vector<std::string>{".lock", "node.crt", "regions"}));
}

TEST_F(Certs, TellOfAnotherHolder) {
    auto held = std::optional<CertsDirectory>(open());
    bool told = false;
    auto const second = CertsDirectory::open_to_write(path(), {[&] {
                                                          told = true;
                                                          held.reset();
                                                      }});
    EXPECT_TRUE(second);
    EXPECT_TRUE(told);
}

TEST_F(Certs, OfTenThousandUsersAreListed) {
    constexpr int users = 10'000;
    auto const one = Authority::create("CA", 24h).issue_client("0", 1h);
    for (auto const& file : files_of(certs_names::client("0"), one))
        ASSERT_FALSE(write_whole(path() / file.name, file.content, private_mode));
    // The same certificate under other names: each is read, and found to be somebody else's.
    for (int i = 1; i < users; ++i)
        fs::create_hard_link(path() / "client.0.crt",
                             path() / ("client." + std::to_string(i) + ".crt"));
    auto const listing = list_certificates(path());
    ASSERT_TRUE(listing);
    ASSERT_EQ(listing->files.size(), users);
    EXPECT_EQ(listing->files.front().error, "");
    EXPECT_EQ(listing->files.back().error,
              "failed to validate certificate 0 in file client.9999.crt: client certificate has "
              "principals [\"0\"], expected \"9999\"");
}

TEST(LeafRules, TakeHostsInOneSpelling) {
    auto const names =
        check_hosts({"DB.example", "db.example", "*.a_b.example", "::0001", "[::1]", "10.0.0.7"});
    ASSERT_TRUE(names);
    EXPECT_EQ(*names, (std::vector<std::string>{"db.example", "*.a_b.example", "::1", "10.0.0.7"}));
    for (auto const* const bad :
         {"", ".", "*", "a..b", "-a", "a-", "a b", "a:1", "1.2.3", "a.*", "x.", "\xc3\xbc.example"})
        EXPECT_FALSE(check_hosts({bad})) << bad;
    EXPECT_FALSE(check_hosts({std::string(64, 'a')}));
}

TEST(LeafRules, LetNoLeafOutliveItsCa) {
    auto const ca = Authority::create("CA", 10h).certificate();
    auto const now = ca.not_after() - 10h;
    EXPECT_TRUE(check_lifetime(ca, 10h, now));
    auto const longer = check_lifetime(ca, 11h, now);
    ASSERT_FALSE(longer);
    EXPECT_EQ(longer.error().what,
              "CA lifetime is 10.000000h, shorter than the requested 11.000000h");
    EXPECT_EQ(check_lifetime(ca, 1h, now + 9h + 30min).error().hint,
              "renew the CA certificate (create-ca --overwrite)");
}

}  // namespace
}  // namespace sallyport::pki
