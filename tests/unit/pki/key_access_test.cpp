// A key that replaces one which a group could read stays readable for that group, and for nobody
// else.
#include "pki/key_access.hpp"

#include "pki/certs_directory.hpp"
#include "pki/files.hpp"
#include "pki/pair.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

using namespace test;
namespace fs = std::filesystem;

constexpr gid_t some_group = 54'321;
constexpr uid_t nobody = 65'534;

/// Somebody without root's rights for the length of a scope.
class AsNobody {
 public:
    AsNobody() { EXPECT_EQ(::seteuid(nobody), 0); }
    AsNobody(AsNobody const&) = delete;
    AsNobody& operator=(AsNobody const&) = delete;
    ~AsNobody() { EXPECT_EQ(::seteuid(0), 0); }
};

gid_t group_of(fs::path const& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_gid;
}

class KeyAccess : public testing::Test {
 protected:
    /// A key file with this mode, and the group where root runs the test.
    void make(unsigned mode) const {
        write_private(key(), "old").value();
        if (is_root()) {
            ASSERT_EQ(::chown(key().c_str(), 0, some_group), 0);
        }
        ASSERT_EQ(::chmod(key().c_str(), mode), 0);
    }
    static bool is_root() { return ::geteuid() == 0; }
    fs::path key() const { return directory_.path() / "node.key"; }

    TemporaryDirectory directory_;
};

TEST_F(KeyAccess, StaysWithTheGroup) {
    for (unsigned const mode : {0640U, 0440U, 0660U, 0750U}) {
        make(mode);
        auto const before = group_of(key());
        ASSERT_TRUE(replace_key(key(), "new"));
        EXPECT_EQ(mode_of(key()), 0640U) << mode;
        EXPECT_EQ(group_of(key()), before) << mode;
        EXPECT_EQ(read_file(key()).value(), "new");
    }
}

TEST_F(KeyAccess, NeverGrows) {
    // Closed; open to the group for something else than reading; open to everybody by mistake.
    for (unsigned const mode : {0600U, 0400U, 0620U, 0644U, 0666U, 0604U}) {
        make(mode);
        ASSERT_TRUE(replace_key(key(), "new"));
        EXPECT_EQ(mode_of(key()), 0600U) << mode;
    }
    fs::remove(key());
    ASSERT_TRUE(replace_key(key(), "first"));
    EXPECT_EQ(mode_of(key()), 0600U);
}

TEST_F(KeyAccess, IsLostWhereTheGroupIsNotOurs) {
    if (!is_root()) GTEST_SKIP() << "needs root, to be somebody else";
    make(0640);
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
    auto const group = reading_group(key());
    ASSERT_TRUE(group);
    {
        AsNobody const somebody;
        auto const readers = write_key(key(), "new", group);
        ASSERT_TRUE(readers);
        EXPECT_EQ(*readers, Readers::lost);
    }
    EXPECT_EQ(mode_of(key()), 0600U);
}

TEST_F(KeyAccess, IsNotTakenFromAnAccessControlList) {
    make(0640);
    ASSERT_TRUE(write_key(key(), "new", ReadingGroup{group_of(key()), true}));
    EXPECT_EQ(mode_of(key()), 0600U);
}

TEST_F(KeyAccess, StaysInPairsAndInTheCertsDirectory) {
    make(0640);
    auto const before = group_of(key());
    ASSERT_TRUE(replace_pair(pair_files(directory_.path(), "node"), {}, "renewed"));
    EXPECT_EQ(mode_of(key()), 0640U);
    EXPECT_EQ(group_of(key()), before);

    auto const directory = CertsDirectory::open_to_write(directory_.path(), {});
    ASSERT_TRUE(directory);
    constexpr bool overwrite = true;
    ASSERT_TRUE(directory->write({{"node.key", "again", true}, {"b.key", "b", true}}, overwrite));
    EXPECT_EQ(read_file(key()).value(), "again");
    EXPECT_EQ(mode_of(key()), 0640U);
    EXPECT_EQ(group_of(key()), before);
    EXPECT_EQ(mode_of(directory_.path() / "b.key"), 0600U);
}

TEST_F(KeyAccess, IsToldOfWhereTheCertsDirectoryLosesIt) {
    if (!is_root()) GTEST_SKIP() << "needs root, to be somebody else";
    make(0640);
    ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
    AsNobody const somebody;
    std::vector<fs::path> told;
    auto const directory = CertsDirectory::open_to_write(
        directory_.path(), {{}, [&](fs::path const& file) { told.push_back(file); }});
    ASSERT_TRUE(directory);
    ASSERT_TRUE(directory->write({{"node.key", "new", true}}, true));
    EXPECT_EQ(told, std::vector{key()});
    EXPECT_EQ(mode_of(key()), 0600U);
}

}  // namespace
}  // namespace sallyport::pki
