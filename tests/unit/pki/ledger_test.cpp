// The ledger: what is recorded stays recorded, whoever else writes and whatever is killed.
#include "pki/ledger.hpp"

#include "pki/authority.hpp"
#include "pki/files.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

using namespace test;
using namespace std::chrono_literals;

/// A certificate with nothing but a serial number of its own: made by the thousand in no time.
Certificate numbered(int number) {
    static auto const root = make_root(ca_wish("Numbers"));
    static auto const key = Key::generate(KeyType::ecdsa_p256);
    auto wish = client_wish("n" + std::to_string(number));
    wish.serial = std::to_string(100000 + number);
    return build(wish, key, root.certificate.get(), root.key);
}

/// Runs `work` in a process of its own.
pid_t in_child(std::function<int()> const& work) {
    auto const child = ::fork();
    if (child == 0) ::_exit(work());
    return child;
}

int status_of(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

class LedgerTest : public testing::Test {
 protected:
    std::filesystem::path const& directory() const { return directory_.path(); }
    std::filesystem::path file() const { return directory() / "ledger.db"; }
    Ledger open() const { return std::move(Ledger::open(directory()).value()); }

    TemporaryDirectory directory_;
};

TEST_F(LedgerTest, KeepsWhatACertificateSays) {
    auto const ca = Authority::create("The CA", 100h);
    auto const node = ca.issue_server({"db.example", "*.db.example", "10.0.0.1"}, 50h);
    auto const& leaf = node.chain.front();
    ASSERT_TRUE(open().record(ca.certificate(), "ca"));
    ASSERT_TRUE(open().record(leaf, "node"));

    auto const entries = open().all().value();
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].kind, "ca");
    EXPECT_EQ(entries[0].authority, key_identifier(ca.certificate()));
    auto const& entry = entries[1];
    EXPECT_EQ(entry.serial, leaf.serial());
    EXPECT_EQ(entry.issuer, "CN=The CA,O=Sallyport");
    EXPECT_EQ(entry.authority, key_identifier(ca.certificate()));
    EXPECT_EQ(entry.subject, "CN=db.example");
    EXPECT_EQ(entry.names, (std::vector<std::string>{"db.example", "*.db.example", "10.0.0.1"}));
    EXPECT_EQ(entry.not_before, leaf.not_before());
    EXPECT_EQ(entry.not_after, leaf.not_after());
    EXPECT_EQ(entry.kind, "node");
    EXPECT_EQ(entry.fingerprint, leaf.fingerprint());
    EXPECT_FALSE(entry.revocation);
}

TEST_F(LedgerTest, IsPrivateWhateverTheUmask) {
    auto const before = ::umask(0);
    open();
    ::umask(before);
    EXPECT_EQ(mode_of(file()), 0600U);
}

TEST_F(LedgerTest, KnowsACertificateOnce) {
    auto const ledger = open();
    auto const certificate = numbered(1);
    ASSERT_TRUE(ledger.record(certificate, "client"));
    ASSERT_TRUE(ledger.revoke(certificate.fingerprint(), Reason::superseded, current_time()));
    ASSERT_TRUE(ledger.record(certificate, "client"));
    // The same serial from another CA is another certificate.
    auto wish = client_wish("n1");
    wish.serial = "100001";
    ASSERT_TRUE(ledger.record(make_under(make_root(ca_wish("X")), wish).certificate, "client"));

    auto const entries = ledger.with_serial(certificate.serial()).value();
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_TRUE(entries.front().revocation);
    EXPECT_FALSE(entries.back().revocation);
}

TEST_F(LedgerTest, RevokesAndReleases) {
    auto const ca = Authority::create("The CA", 100h);
    auto const leaf = ca.issue_client("alice", 50h).chain.front();
    auto const ledger = open();
    ASSERT_TRUE(ledger.record(leaf, "client"));
    auto const when = current_time();
    ASSERT_TRUE(ledger.revoke(leaf.fingerprint(), Reason::certificate_hold, when));

    auto const revoked = ledger.revoked_below(key_identifier(ca.certificate())).value();
    ASSERT_EQ(revoked.size(), 1U);
    ASSERT_TRUE(revoked.front().revocation);
    EXPECT_EQ(revoked.front().revocation->reason, Reason::certificate_hold);
    EXPECT_EQ(revoked.front().revocation->when, when);
    EXPECT_TRUE(ledger.revoked_below("00").value().empty());

    ASSERT_TRUE(ledger.release(leaf.fingerprint()));
    EXPECT_TRUE(ledger.revoked_below(key_identifier(ca.certificate())).value().empty());
    EXPECT_EQ(ledger.with_serial(leaf.serial()).value().size(), 1U);
}

TEST_F(LedgerTest, NumbersListsUpwards) {
    EXPECT_EQ(open().next_list_number("A", 0).value(), 1U);
    EXPECT_EQ(open().next_list_number("A", 0).value(), 2U);
    EXPECT_EQ(open().next_list_number("B", 0).value(), 1U);
    // A list that was written before this ledger was made.
    EXPECT_EQ(open().next_list_number("A", 41).value(), 42U);
    EXPECT_EQ(open().next_list_number("C", 6).value(), 7U);
}

TEST_F(LedgerTest, TakesManyWritersAtOnce) {
    constexpr int writers = 4;
    constexpr int each = 25;
    std::vector<pid_t> children;
    for (int writer = 0; writer < writers; ++writer)
        children.push_back(in_child([&, writer] {
            for (int i = 0; i < each; ++i) {
                auto const ledger = Ledger::open(directory());
                if (!ledger) return 1;
                if (!ledger->record(numbered(writer * each + i), "client")) return 2;
            }
            return 0;
        }));
    for (auto const child : children) EXPECT_EQ(status_of(child), 0);
    EXPECT_EQ(open().all().value().size(), std::size_t{writers * each});
}

TEST_F(LedgerTest, LosesNothingThatWasRecordedBeforeAKill) {
    for (int round = 0; round < 5; ++round) {
        std::array<int, 2> done{};
        ASSERT_EQ(::pipe(done.data()), 0);
        auto const child = in_child([&] {
            for (int i = 0;; ++i) {
                auto const ledger = Ledger::open(directory());
                if (!ledger || !ledger->record(numbered(round * 1000 + i), "client")) return 1;
                if (::write(done[1], "", 1) != 1) return 2;
            }
        });
        ::close(done[1]);
        char mark = 0;
        for (int i = 0; i <= round; ++i) ASSERT_EQ(::read(done[0], &mark, 1), 1);
        ::kill(child, SIGKILL);
        EXPECT_EQ(WTERMSIG(status_of(child)), SIGKILL);
        std::size_t acknowledged = static_cast<std::size_t>(round) + 1;
        while (::read(done[0], &mark, 1) == 1) ++acknowledged;
        ::close(done[0]);

        std::size_t found = 0;
        for (auto const& entry : open().all().value())
            if (std::stoi(entry.subject.substr(4)) / 1000 == round) ++found;
        EXPECT_GE(found, acknowledged);
        EXPECT_LE(found, acknowledged + 1);
    }
}

TEST_F(LedgerTest, SaysThatADiskIsFullAndStaysAsItWas) {
    ASSERT_TRUE(open().record(numbered(0), "client"));
    auto const child = in_child([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        rlimit const limit{std::filesystem::file_size(file()), RLIM_INFINITY};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        auto const ledger = Ledger::open(directory());
        if (!ledger) return 1;
        for (int i = 1; i < 1000; ++i) {
            auto const recorded = ledger->record(numbered(i), "client");
            if (!recorded) return recorded.error().category() == sqlite_category() ? 0 : 2;
        }
        return 3;
    });
    EXPECT_EQ(status_of(child), 0);
    auto const before = open().all().value().size();
    EXPECT_GE(before, 1U);
    ASSERT_TRUE(open().record(numbered(2000), "client"));
    EXPECT_EQ(open().all().value().size(), before + 1);
}

TEST_F(LedgerTest, TellsAnotherFileFromALedger) {
    std::ofstream(file()) << "a file of another kind, longer than the header of a database is: "
                             "SQLite looks at its first hundred bytes before it says a word";
    EXPECT_EQ(Ledger::open(directory()).error(), error_code(SQLITE_NOTADB, sqlite_category()));
    std::filesystem::remove(file());
    ASSERT_TRUE(SqlDatabase::open(file())->run("CREATE TABLE accounts (id INTEGER)"));
    EXPECT_EQ(Ledger::open(directory()).error(), Errc::file_invalid);
    std::filesystem::remove(file());
    open();
    ASSERT_TRUE(SqlDatabase::open(file())->run("PRAGMA user_version = 2"));
    EXPECT_EQ(Ledger::open(directory()).error(), Errc::file_invalid);
}

TEST_F(LedgerTest, BeginsAnewWhereItsMakerWasKilled) {
    std::ofstream(file()).flush();  // made, and nothing written yet
    EXPECT_TRUE(open().all().value().empty());
}

TEST_F(LedgerTest, NamesADirectoryThatIsNotThere) {
    EXPECT_EQ(Ledger::open(directory() / "none").error(),
              error_code(ENOENT, boost::system::system_category()));
}

TEST(Reasons, AreThoseOfTheRfc) {
    EXPECT_EQ(reason_of("keycompromise"), Reason::key_compromise);
    EXPECT_EQ(reason_of("cACompromise"), Reason::ca_compromise);
    EXPECT_EQ(reason_of("7"), std::nullopt);
    // The help names every word, and no other.
    std::istringstream words{std::string(reason_words())};
    int count = 0;
    for (std::string one; words >> one; ++count) {
        if (one.back() == ',') one.pop_back();
        ASSERT_TRUE(reason_of(one)) << one;
        EXPECT_EQ(word(*reason_of(one)), one);
    }
    EXPECT_EQ(count, 10);
}

}  // namespace
}  // namespace sallyport::pki
