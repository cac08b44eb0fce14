// Verifiers from auth-file, the password of auth-user, and what is remembered of the database's
// answers.
#include "gateway/postgres/verifiers.hpp"

#include "support/files.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::gateway {
namespace {

/// Of the password "pencil", with RFC 7677's salt.
std::string const pencil =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

std::string line(std::string const& user) {
    return "\"" + user + "\" \"" + pencil + "\"\n";
}

class VerifierFilesTest : public testing::Test {
 protected:
    Checked<VerifierFiles> read_users(std::string const& text) {
        config::Verifiers settings;
        settings.auth_file = files_.write("users.txt", text);
        return read_verifier_files(settings);
    }
    Checked<VerifierFiles> read_password(std::string const& text) {
        config::Verifiers settings;
        settings.auth_password_file = files_.write("password", text);
        return read_verifier_files(settings);
    }
    std::vector<std::string> users(std::string const& text) {
        std::vector<std::string> names;
        for (auto const& [name, verifier] : read_users(text).value().users) names.push_back(name);
        return names;
    }
    void expect_fault(std::string const& text, std::string const& reason) {
        auto const read = read_users(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(name(read.error().code), "file_invalid");
        EXPECT_EQ(read.error().file.filename(), "users.txt");
        EXPECT_EQ(read.error().reason, reason);
        EXPECT_NE(read.error().hint, "");
    }

    test::Files files_;
};

using Names = std::vector<std::string>;

TEST_F(VerifierFilesTest, ALineIsAUserAndItsVerifier) {
    auto const read = read_users(line("alice")).value();
    ASSERT_EQ(read.users.count("alice"), 1U);
    auto const& verifier = read.users.at("alice");
    EXPECT_EQ(verifier.iterations, 4096U);
    EXPECT_EQ(verifier.salt, "W22ZaJ0SNY7soEsUEjb6gQ==");
    EXPECT_EQ(verifier.stored_key[0], std::byte{0x58});
    EXPECT_EQ(verifier.server_key[0], std::byte{0xc1});
}

TEST_F(VerifierFilesTest, BlankLinesAndCommentsArePassedOver) {
    EXPECT_EQ(users("; one\n# two\n\n  \t\r\n  ; three\n" + line("alice") + "\n" + line("bob")),
              (Names{"alice", "bob"}));
    EXPECT_EQ(users(""), Names{});
}

TEST_F(VerifierFilesTest, TheLastLineNeedsNoEnd) {
    auto text = line("alice");
    text.pop_back();
    EXPECT_EQ(users(text), Names{"alice"});
}

TEST_F(VerifierFilesTest, BlanksAroundTheTwoDoNotMatter) {
    EXPECT_EQ(users("  \"alice\"\t  \"" + pencil + "\"\r\n"), Names{"alice"});
}

TEST_F(VerifierFilesTest, WhatFollowsTheVerifierIsPassedOver) {
    EXPECT_EQ(users("\"alice\" \"" + pencil + "\" \"more\" ; and more\n"), Names{"alice"});
}

TEST_F(VerifierFilesTest, NamesMayHaveAnythingInThem) {
    EXPECT_EQ(users(line("a\"\"b \"\"") + line("")), (Names{"", "a\"b \""}));
}

TEST_F(VerifierFilesTest, LinesThatAreNotOfThatFormAreFaults) {
    std::string const reason = "line 2: is not of the form \"user\" \"verifier\"";
    for (std::string const second :
         {"alice \"x\"", "\"alice\"", "\"alice", "\"alice\" x", "\"alice\" \"x",
          "\"alice\" \"x\"\"", "\"alice\"\"x\"", "\"", "x"})
        expect_fault("; first\n" + second + "\n" + line("bob"), reason);
}

TEST_F(VerifierFilesTest, OnlyScramVerifiersAreOfUse) {
    std::string const reason = "line 3: the secret of \"bob\" is not a SCRAM-SHA-256 verifier";
    for (std::string const secret :
         {"", "secret", "md5a6b1b1d8c1ed2d6d3a1a1ff0ab0e3a7c", "SCRAM-SHA-256$4096:x"})
        expect_fault("\n" + line("alice") + "\"bob\" \"" + secret + "\"\n", reason);
}

TEST_F(VerifierFilesTest, NoSecretIsInAFault) {
    auto const fault = read_users("\"bob\" \"hush\"").error();
    EXPECT_EQ((fault.what() + fault.hint).find("hush"), std::string::npos);
}

TEST_F(VerifierFilesTest, AUserIsThereOnce) {
    expect_fault(line("alice") + line("bob") + line("alice"), "line 3: \"alice\" is there twice");
}

TEST_F(VerifierFilesTest, ThePasswordIsTheFirstLine) {
    EXPECT_EQ(read_password("s3cret ").value().auth_password, "s3cret ");
    EXPECT_EQ(read_password("s3cret\nmore\n").value().auth_password, "s3cret");
    EXPECT_EQ(read_password("s3cret\r\n").value().auth_password, "s3cret");
}

TEST_F(VerifierFilesTest, AnEmptyPasswordIsAFault) {
    for (std::string const text : {"", "\n", "\r\n", "\nsecret\n"}) {
        auto const read = read_password(text);
        ASSERT_FALSE(read);
        EXPECT_EQ(name(read.error().code), "file_invalid");
        EXPECT_EQ(read.error().file.filename(), "password");
    }
}

TEST_F(VerifierFilesTest, AFileThatIsNotThereIsAFault) {
    config::Verifiers settings;
    settings.auth_file = files_.directory() / "none";
    EXPECT_EQ(read_verifier_files(settings).error().code, Errc::file_unreadable);
    settings = {};
    settings.auth_password_file = files_.directory() / "none";
    EXPECT_EQ(read_verifier_files(settings).error().code, Errc::file_unreadable);
}

TEST_F(VerifierFilesTest, NothingNamedIsNothingRead) {
    auto const read = read_verifier_files({}).value();
    EXPECT_TRUE(read.users.empty());
    EXPECT_EQ(read.auth_password, "");
}

class VerifierCacheTest : public testing::Test {
 protected:
    /// Whether something is known; it is the verifier then.
    bool knows(Challenge const& challenge) {
        auto const found = cache_.find(challenge);
        if (found && *found) {
            EXPECT_EQ((*found)->salt, verifier_.salt);
            EXPECT_EQ((*found)->stored_key, verifier_.stored_key);
        }
        return found.has_value();
    }

    ScramVerifier const verifier_ = ScramVerifier::parse(pencil).value();
    Challenge const alice_{"alice", verifier_.salt, verifier_.iterations};
    VerifierCache cache_;
};

TEST_F(VerifierCacheTest, KnowsNothingAtFirst) {
    EXPECT_FALSE(knows(alice_));
}

TEST_F(VerifierCacheTest, RemembersAVerifierForTheSameChallenge) {
    cache_.store(alice_, verifier_);
    EXPECT_TRUE(knows(alice_));
    EXPECT_FALSE(knows({"bob", alice_.salt, alice_.iterations}));
}

TEST_F(VerifierCacheTest, AnotherSaltMeansAnotherPassword) {
    cache_.store(alice_, verifier_);
    EXPECT_FALSE(knows({"alice", "QSXCR+Q6sek8bf92", alice_.iterations}));
    EXPECT_FALSE(knows({"alice", alice_.salt, alice_.iterations + 1}));
    EXPECT_TRUE(knows(alice_));
}

TEST_F(VerifierCacheTest, RemembersThatThereIsNone) {
    cache_.store(alice_, std::nullopt);
    auto const found = cache_.find(alice_);
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->has_value());
}

TEST_F(VerifierCacheTest, ALaterAnswerReplacesAnEarlierOne) {
    cache_.store(alice_, std::nullopt);
    cache_.store(alice_, verifier_);
    auto const found = cache_.find(alice_);
    ASSERT_TRUE(found);
    EXPECT_TRUE(found->has_value());
}

TEST_F(VerifierCacheTest, AVerifierThatDoesNotFitItsChallengeIsNotRemembered) {
    Challenge const before{"alice", "QSXCR+Q6sek8bf92", 4096};
    cache_.store(before, std::nullopt);
    cache_.store(before, verifier_);
    EXPECT_FALSE(knows(before));
    EXPECT_FALSE(knows(alice_));
}

TEST_F(VerifierCacheTest, FailedLoginsHaveAUserAskedForAgainOnceInAWhile) {
    auto const now = VerifierCache::Clock::now();
    cache_.store(alice_, verifier_);
    cache_.doubt("alice", now);
    EXPECT_FALSE(knows(alice_));
    cache_.store(alice_, verifier_);
    cache_.doubt("alice", now + VerifierCache::doubt_interval / 2);
    EXPECT_TRUE(knows(alice_));
    cache_.doubt("alice", now + VerifierCache::doubt_interval);
    EXPECT_FALSE(knows(alice_));
}

TEST_F(VerifierCacheTest, OnlyOneAsksForAUserAndOnlySoManyAtATime) {
    EXPECT_TRUE(cache_.begin_question("alice"));
    EXPECT_FALSE(cache_.begin_question("alice"));
    for (std::size_t i = 1; i < VerifierCache::max_questions; ++i)
        EXPECT_TRUE(cache_.begin_question("user" + std::to_string(i)));
    EXPECT_FALSE(cache_.begin_question("bob"));
    cache_.end_question("alice");
    EXPECT_TRUE(cache_.begin_question("bob"));
}

TEST_F(VerifierCacheTest, ForgetsOneUser) {
    Challenge const bob{"bob", alice_.salt, alice_.iterations};
    cache_.store(alice_, verifier_);
    cache_.store(bob, verifier_);
    cache_.doubt("alice");
    cache_.doubt("nobody");
    EXPECT_FALSE(knows(alice_));
    EXPECT_TRUE(knows(bob));
}

TEST_F(VerifierCacheTest, ForgetsWhoWasNotAskedForTheLongestWhereThereAreTooMany) {
    cache_.store(alice_, verifier_);
    for (std::size_t i = 0; i < VerifierCache::max_users; ++i)
        cache_.store({"user" + std::to_string(i), alice_.salt, alice_.iterations}, std::nullopt);
    EXPECT_FALSE(knows(alice_));
    EXPECT_TRUE(knows({"user0", alice_.salt, alice_.iterations}));
}

}  // namespace
}  // namespace sallyport::gateway
