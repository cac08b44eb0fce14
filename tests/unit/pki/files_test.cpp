// Files with keys: the right mode from the first byte, whole or not there.
#include "pki/files.hpp"

#include "pki/pair.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace sallyport::pki {
namespace {

using namespace test;

/// A umask for the length of a scope.
class Umask {
 public:
    explicit Umask(mode_t mask) : before_(::umask(mask)) {}
    Umask(Umask const&) = delete;
    Umask& operator=(Umask const&) = delete;
    ~Umask() { ::umask(before_); }

 private:
    mode_t before_;
};

class Files : public testing::Test {
 protected:
    std::filesystem::path path(std::string const& name) const { return directory_.path() / name; }

    TemporaryDirectory directory_;
};

TEST_F(Files, HaveTheirModeWhateverTheUmask) {
    for (mode_t const mask : {0U, 022U, 0777U}) {
        Umask const umask(mask);
        ASSERT_TRUE(write_private(path("key"), "secret"));
        ASSERT_TRUE(write_public(path("crt"), "public"));
        EXPECT_EQ(mode_of(path("key")), 0600U) << mask;
        EXPECT_EQ(mode_of(path("crt")), 0644U) << mask;
    }
}

TEST_F(Files, AreReplacedAsAWhole) {
    ASSERT_TRUE(write_public(path("f"), "a longer first content"));
    std::ifstream old(path("f"));
    ASSERT_TRUE(write_private(path("f"), "second"));
    // Whoever had the file open still reads the old one: it was not written over.
    std::string seen;
    std::getline(old, seen);
    EXPECT_EQ(seen, "a longer first content");
    EXPECT_EQ(*read_file(path("f")), "second");
    EXPECT_EQ(mode_of(path("f")), 0600U);
    EXPECT_EQ(entries_of(directory_.path()), std::vector<std::string>{"f"});
}

TEST_F(Files, LeaveNothingBehindWhereWritingFails) {
    std::filesystem::create_directories(path("taken") / "inside");
    auto const written = write_private(path("taken"), "secret");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error(), Errc::file_unreadable);
    EXPECT_EQ(entries_of(directory_.path()), std::vector<std::string>{"taken"});
    EXPECT_FALSE(write_private(path("missing") / "f", "secret"));
}

TEST_F(Files, ThatCannotBeRead) {
    EXPECT_EQ(read_file(path("missing")).error(), Errc::file_unreadable);
    EXPECT_EQ(read_file(directory_.path()).error(), Errc::file_unreadable);
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    EXPECT_EQ(read_file(path("fifo")).error(), Errc::file_unreadable);
}

TEST_F(Files, OfAnySizeUpToTheLimit) {
    for (std::size_t const size : {0U, 1U, 16U * 1024, 16U * 1024 + 1, 16U << 20U}) {
        ASSERT_TRUE(write_public(path("f"), std::string(size, 'x')));
        auto const content = read_file(path("f"));
        ASSERT_TRUE(content);
        EXPECT_EQ(content->size(), size);
    }
    ASSERT_TRUE(write_public(path("f"), std::string((16U << 20U) + 1, 'x')));
    EXPECT_EQ(read_file(path("f")).error(), Errc::file_invalid);
}

TEST_F(Files, PrivateDirectoriesWithTheirParents) {
    for (mode_t const mask : {0U, 0777U}) {
        Umask const umask(mask);
        auto const top = path("a" + std::to_string(mask));
        ASSERT_TRUE(make_private_directory(top / "b" / "c"));
        EXPECT_EQ(mode_of(top), 0700U);
        EXPECT_EQ(mode_of(top / "b"), 0700U);
        EXPECT_EQ(mode_of(top / "b" / "c"), 0700U);
        EXPECT_TRUE(make_private_directory(top / "b" / "c"));
        EXPECT_TRUE(make_private_directory(top / "b" / "d/"));
    }
    ASSERT_TRUE(write_public(path("file"), ""));
    EXPECT_EQ(make_private_directory(path("file")).error(), Errc::file_unreadable);
    EXPECT_EQ(make_private_directory(path("file") / "below").error(), Errc::file_unreadable);
}

TEST_F(Files, PairsAreReadTogether) {
    auto const files = pair_files(directory_.path(), "server");
    auto const made = make_root(ca_wish("one"));
    ASSERT_TRUE(write_pair(files, {{made.certificate}, made.key}));
    EXPECT_EQ(entries_of(directory_.path()),
              (std::vector<std::string>{"server.crt", "server.key"}));
    EXPECT_EQ(mode_of(files.key), 0600U);
    EXPECT_EQ(mode_of(files.certificate), 0644U);
    auto const read = read_pair(files);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->chain.front().fingerprint(), made.certificate.fingerprint());
    EXPECT_TRUE(read->chain.front().matches(read->key));
}

TEST_F(Files, APairThatIsTornIsNoPair) {
    auto const files = pair_files(directory_.path(), "server");
    EXPECT_EQ(read_pair(files).error(), Errc::file_unreadable);
    auto const made = make_root(ca_wish("one"));
    ASSERT_TRUE(write_pair(files, {{made.certificate}, made.key}));
    // A crash of the next write_pair after its first file.
    ASSERT_TRUE(write_private(files.key, Key::generate(KeyType::ecdsa_p256).to_pem()));
    EXPECT_EQ(read_pair(files).error(), Errc::key_mismatch);
    ASSERT_TRUE(write_private(files.key, "garbage"));
    EXPECT_EQ(read_pair(files).error(), Errc::file_invalid);
    std::filesystem::remove(files.key);
    EXPECT_EQ(read_pair(files).error(), Errc::file_unreadable);
}

TEST_F(Files, ADirectoryHasOneHolder) {
    auto const taken = [&] {
        int const descriptor = ::open(path(".lock").c_str(), O_RDWR | O_CLOEXEC);
        bool const refused = ::flock(descriptor, LOCK_EX | LOCK_NB) != 0;
        ::close(descriptor);
        return refused;
    };
    {
        auto const lock = DirectoryLock::acquire(directory_.path());
        ASSERT_TRUE(lock);
        EXPECT_TRUE(taken());
    }
    EXPECT_FALSE(taken());
    EXPECT_TRUE(DirectoryLock::acquire(directory_.path()));
    EXPECT_EQ(DirectoryLock::acquire(path("missing")).error(), Errc::file_unreadable);
}

}  // namespace
}  // namespace sallyport::pki
