// Verifiers are read as PostgreSQL reads them, and passwords give the keys that PostgreSQL stores.
#include "identity/scram_crypto.hpp"
#include "unit/identity/scram_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>

namespace sallyport::identity {
namespace {

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    return text.replace(text.find(what), what.size(), by);
}

TEST(ScramVerifier, IsReadInItsParts) {
    auto const verifier = ScramVerifier::parse(test::verifier_text);
    ASSERT_TRUE(verifier);
    EXPECT_EQ(verifier->iterations, 4096U);
    EXPECT_EQ(verifier->salt, test::salt);
    EXPECT_EQ(to_base64(verifier->stored_key), "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
    EXPECT_EQ(to_base64(verifier->server_key), "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
}

TEST(ScramVerifier, IsRefusedInEveryTruncation) {
    for (std::size_t size = 0; size < test::verifier_text.size(); ++size)
        EXPECT_EQ(ScramVerifier::parse(test::verifier_text.substr(0, size)).error(),
                  Errc::file_invalid)
            << size;
}

TEST(ScramVerifier, MayHaveAnyIterationsUpToTheLimit) {
    for (std::string const good : {"1", "4096", "1000000"})
        EXPECT_TRUE(ScramVerifier::parse(replaced(test::verifier_text, "4096", good))) << good;
    for (std::string const bad :
         {"", "0", "-1", "+1", " 1", "1 ", "0x10", "4096.", "1000001", "99999999999999999999"})
        EXPECT_EQ(ScramVerifier::parse(replaced(test::verifier_text, "4096", bad)).error(),
                  Errc::file_invalid)
            << bad;
}

TEST(ScramVerifier, IsRefusedWithJunkInAnyPart) {
    auto const& good = test::verifier_text;
    for (std::string const& bad :
         {"md5" + std::string(32, 'a'), std::string("pencil"), " " + good, good + "\n", good + "=",
          good + ":", replaced(good, "SHA-256", "SHA-512"), replaced(good, "SHA-256", "sha-256"),
          replaced(good, "$4096", "$$4096"), replaced(good, test::salt, ""),
          replaced(good, test::salt, "W22ZaJ0SNY7soEsUEjb6gQ"),
          replaced(good, test::salt, "W22ZaJ0SNY7soEsUEjb6g==="), replaced(good, "WG5d", "W!5d"),
          replaced(good, "WG5d8oPm", "WG5d"), replaced(good, "wfPL", "wfPLwfPL"),
          replaced(good, "wfPLwcE6", "wfPL"), replaced(good, "2dU=", "2dV=")})
        EXPECT_EQ(ScramVerifier::parse(bad).error(), Errc::file_invalid) << bad;
}

/// A password, and what PostgreSQL 15 stored for it (CREATE ROLE … PASSWORD, in a database of
/// encoding SQL_ASCII, so that the server takes any bytes).
struct Stored {
    std::string name;
    std::string password;
    std::string verifier;
};
void PrintTo(Stored const& stored, std::ostream* out) {
    *out << stored.name;
}

class PostgresqlsKeys : public testing::TestWithParam<Stored> {};

INSTANTIATE_TEST_SUITE_P(
    Of, PostgresqlsKeys,
    testing::Values(
        Stored{"Ascii", "pencil",
               "SCRAM-SHA-256$4096:Sb/iCJnTu0GXDUPdDjrEOQ==$gp6u1Ls8L/"
               "tGxBpHvLCTk0uHqATfP1JNNZZWU469Xy0=:5YCuxpdowPRDoVX7jirT7phhBBwEmmhbd+oE/l33apk="},
        Stored{"Umlauts", "p\xc3\xa4ssw\xc3\xb6rd",
               "SCRAM-SHA-256$4096:uAbwKBQHXCR8DvqEDEfKmA==$w+b/"
               "FxViK/WnEowtCy31cj51TOd1UG5HukEfUK1AypI=:VHH7P2tv88JB5vhZgHuWj+"
               "D2BDTvLPMNbeB672QB+iE="},
        Stored{"ASoftHyphenThatGoesAway", "I\xc2\xadX",
               "SCRAM-SHA-256$4096:k74cD7B0S089D/o7CxKYDQ==$Hn3E1IcrjQmjjHpAyDJY4sWv9a/"
               "H7NphCEsbNkdO64o=:ZScv//2fvP5WsDZr/K1m0klB+gwXtJiYjnSwffbZFmI="},
        Stored{"ASpaceThatBecomesPlain",
               "a\xc2\xa0"
               "b",
               "SCRAM-SHA-256$4096:jwCpbqQEWWOUx19f4fOShg==$KluC9rpGzuQIxP+"
               "GB6Z4jR3OUDdNLnTifN8o3H1zuiU=:fTKVEllTVqKku/nInY0sTRgqWiDHALh+TFwv5/v6gzk="},
        Stored{"ALigatureThatComesApart", "\xef\xac\x81sh",
               "SCRAM-SHA-256$4096:AP6YvEoARURtZy0yOIdkfg==$LiTnCnNndxniX/"
               "uOgAALfD6Vp60dZd9Fa3Pfbe9Sb2c=:JWawSwQKIhxZXND4YdiTcSxRLNqPvUym1rMM1wxeC2s="},
        Stored{"ADeprecatedCharacter", "a\xcd\x80",
               "SCRAM-SHA-256$4096:xzGUC+3kTdAZL/Rhv+nG4Q==$WImOEqNB77BWIFhU9c/"
               "gwy35T0ZCXGY4lHMmXxQ2pEA=:CFlpbAry5M2XS2w48o9QQQPs0gJ4KqI6aJMmBAlhxsQ="},
        Stored{"AnEmojiNewerThanStringprep", "\xc2\xad\xf0\x9f\x98\x80",
               "SCRAM-SHA-256$4096:H8AaBnv3769n2dY2YuG7sg==$yIqnlD0by1SO4ApE17u1sU6Vd7hOzdiAgY2SGm"
               "99p6o=:nLPft8bpiOCQmNqyaNTCZoBFaN5Gm64FD929MC5YjA4="},
        Stored{"Latin1WhichIsNotUtf8", "p\xe4ss",
               "SCRAM-SHA-256$4096:xKD5S1YcL98tCvRNFmRhyg==$wXTH7kPmkjEM7RxYBn1ocKWHQD1SlhdCpbBbAd"
               "3Dlg4=:0jt193yAuTwjx4v+o6smnITI0yg0TIaLMvploejw98Q="},
        Stored{"NothingButASoftHyphen", "\xc2\xad",
               "SCRAM-SHA-256$4096:G0IXin9BZ2umvB0DTCYtYw==$s2bWo9IQVYfulih0RNtNUlAtxLbJRrL5+Gt9+"
               "GhotNk=:sZ5yIUf6iJWWhbh3qfTMRjaCvnTO38525TrJyLQ1W88="},
        Stored{"HebrewThatEndsInAPresentationForm", "\xd7\x90\xef\xac\x9d",
               "SCRAM-SHA-256$4096:EwE3kPO6/NYO6vrrnVFeZQ==$yipNnEETG0mJ6z0Uq1uRauOFPQSeiu7S0vqn0Y"
               "N/YTs=:Jy2+xhHuADLiLfC/XMvEd8+VofGAjLesn0ThIzV4lO0="},
        Stored{"HebrewAndLatinTogether",
               "\xd7\x90\xc2\xad"
               "a",
               "SCRAM-SHA-256$4096:LC1/JuoAT+yViqUm3IXGgQ==$s6cY4fM36l2TF75r4QIHA0Xd5DOaxFEOY2+Q+"
               "eETwUM=:2L6jKN71lMvQHXWVP7qaHihgg0S9mHBQQSrU+MbAGt4="},
        Stored{"AControlCharacter", "tab\there",
               "SCRAM-SHA-256$4096:hEpW5cNq/bZ4qfZeGPLeBA==$HUB98UqogVdDUTO5/"
               "u8Lbw2yA6J80ysndEZEbUElzFM=:U4MMoaprHvyvJxL3Hv53Y/Rw9lgWPmsB1po4zvtO1fg="}),
    [](auto const& stored) { return stored.param.name; });

TEST_P(PostgresqlsKeys, AreDerived) {
    auto const verifier = ScramVerifier::parse(GetParam().verifier).value();
    auto const keys =
        ScramKeys::derive(GetParam().password, verifier.salt, verifier.iterations).value();
    EXPECT_EQ(to_base64(hash(keys.client_key)), to_base64(verifier.stored_key));
    EXPECT_EQ(to_base64(keys.server_key), to_base64(verifier.server_key));
}

TEST(ScramKeys, OfAnotherPasswordSaltOrCountAreOthers) {
    auto const key = [](std::string_view password, std::string_view salt, std::uint32_t count) {
        return to_base64(ScramKeys::derive(password, salt, count).value().client_key);
    };
    auto const good = key("pencil", test::salt, 4096);
    EXPECT_NE(key("Pencil", test::salt, 4096), good);
    EXPECT_NE(key("pencil", "W22ZaJ0SNY7soEsUEjb6gA==", 4096), good);
    EXPECT_NE(key("pencil", test::salt, 4095), good);
}

TEST(ScramKeys, AreOfAllBytesOfAPasswordWithANul) {
    using namespace std::string_view_literals;
    auto const one = ScramKeys::derive("\xc3\xa4\0one"sv, test::salt, 1).value();
    auto const two = ScramKeys::derive("\xc3\xa4\0two"sv, test::salt, 1).value();
    EXPECT_NE(to_base64(one.client_key), to_base64(two.client_key));
}

TEST(ScramKeys, GrowWithThePasswordThatNormalisationMakesLongest) {
    // U+FDFA stands for 18 characters.
    std::string password;
    for (int i = 0; i < 1000; ++i) password += "\xef\xb7\xba";
    std::string spelt;
    for (int i = 0; i < 1000; ++i)
        spelt +=
            "\xd8\xb5\xd9\x84\xd9\x89 \xd8\xa7\xd9\x84\xd9\x84\xd9\x87 "
            "\xd8\xb9\xd9\x84\xd9\x8a\xd9\x87 \xd9\x88\xd8\xb3\xd9\x84\xd9\x85";
    EXPECT_EQ(to_base64(ScramKeys::derive(password, test::salt, 1).value().client_key),
              to_base64(ScramKeys::derive(spelt, test::salt, 1).value().client_key));
}

TEST(ScramKeys, AreNotDerivedFromAnythingMalformed) {
    for (std::string const bad : {"", "!", "W22Z aJ0", "W22ZaJ0SNY7soEsUEjb6gQ"})
        EXPECT_EQ(ScramKeys::derive("pencil", bad, 1).error(), Errc::malformed) << bad;
    EXPECT_EQ(ScramKeys::derive("pencil", test::salt, 0).error(), Errc::malformed);
    EXPECT_EQ(ScramKeys::derive("pencil", test::salt, max_scram_iterations + 1).error(),
              Errc::malformed);
}

template <class T>
bool leaves_nothing(T const& content) {
    alignas(T) std::array<std::byte, sizeof(T)> place{};
    auto* const object = new (place.data()) T(content);
    std::destroy_at(object);
    return std::ranges::all_of(place, [](std::byte byte) { return byte == std::byte{}; });
}

TEST(ScramKeys, LeaveNothingInMemory) {
    EXPECT_TRUE(leaves_nothing(test::keys()));
    EXPECT_TRUE(leaves_nothing(Secret{test::keys().client_key}));
}

TEST(Base64, GoesThereAndBack) {
    Buffer bytes;
    for (unsigned size = 1; size < 100; ++size) {
        bytes.push_back(std::byte(size * 151));
        EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    }
    EXPECT_EQ(to_base64(as_bytes("any carnal pleas")), "YW55IGNhcm5hbCBwbGVhcw==");
    EXPECT_EQ(to_base64({}), "");
}

TEST(Base64, IsCanonicalOrNone) {
    for (std::string const bad : {"", "A", "AA", "AAA", "AA=A", "A===", "====", "=AAA",
                                  "AAAA====", "AB==", "AAB=", "AA==\n", "AAA\n", " AAA", "    ",
                                  "AA-_", "AAAA AAA", "AA==AAAA", "\xc3\xa4\xc3\xa4"})
        EXPECT_FALSE(from_base64(bad)) << bad;
    EXPECT_FALSE(from_base64(std::string(4, '\0')));
}

TEST(ScramNonce, IsLongAndNeverTheSame) {
    EXPECT_EQ(scram_nonce().size(), 24U);
    EXPECT_NE(scram_nonce(), scram_nonce());
}

}  // namespace
}  // namespace sallyport::identity
