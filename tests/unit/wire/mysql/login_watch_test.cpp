#include "wire/mysql/login_watch.hpp"

#include "unit/wire/mysql/samples.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace sallyport::mysql {
namespace {

using namespace test;
using Outcome = LoginWatch::Outcome;

enum class From { front, back };
struct Said {
    From from;
    Buffer bytes;
};

/// Passes what was said through the watch, each chunk cut as `cut` says, and gives what came out.
Buffer relay(LoginWatch& watch, std::vector<Said> const& talk, std::size_t largest_chunk) {
    Buffer out;
    for (auto const& said : talk) {
        for (std::size_t at = 0; at < said.bytes.size(); at += largest_chunk) {
            auto const size = std::min(largest_chunk, said.bytes.size() - at);
            Buffer chunk(size);
            std::copy_n(said.bytes.begin() + static_cast<std::ptrdiff_t>(at), size, chunk.begin());
            if (said.from == From::back)
                EXPECT_TRUE(watch.from_back(chunk));
            else
                EXPECT_TRUE(watch.from_front(chunk));
            out = std::move(out) + chunk;
        }
    }
    return out;
}

Buffer everything(std::vector<Said> const& talk) {
    Buffer out;
    for (auto const& said : talk) out = std::move(out) + said.bytes;
    return out;
}

Buffer renumbered(Buffer packet, int by) {
    packet[3] = std::byte(std::to_integer<int>(packet[3]) + by);
    return packet;
}

std::vector<Said> const ed25519{
    {From::back, ed25519_switch}, {From::front, ed25519_answer}, {From::back, ed25519_ok}};

// The full path of caching_sha2_password: perform full authentication, public key, password.
std::vector<Said> const full_path{{From::back, hex("09000002 fe 6361 00 61616161 00")},
                                  {From::front, hex("02000003 abcd")},
                                  {From::back, hex("02000004 0104")},
                                  {From::front, hex("01000005 02")},
                                  {From::back, hex("05000006 01 2d2d2d2d")},
                                  {From::front, hex("03000007 ffffff")},
                                  {From::back, renumbered(ed25519_ok, 4)}};

TEST(LoginWatch, SeesTheDatabaseAccept) {
    for (auto const& talk : {ed25519, full_path}) {
        for (std::size_t chunk = 1; chunk < 70; ++chunk) {
            LoginWatch watch(2, 2);
            EXPECT_EQ(relay(watch, talk, chunk), everything(talk)) << "chunks of " << chunk;
            EXPECT_EQ(watch.outcome(), Outcome::accepted);
        }
    }
}

TEST(LoginWatch, IsPendingUntilThePayloadOfTheDecisionBegins) {
    LoginWatch watch(2, 2);
    relay(watch, {{From::back, ed25519_switch}, {From::front, ed25519_answer}}, 9);
    auto header = Buffer(ed25519_ok.begin(), ed25519_ok.begin() + 4);
    EXPECT_EQ(*watch.from_back(header), Outcome::pending);
    Buffer first{std::byte{0}};
    EXPECT_EQ(*watch.from_back(first), Outcome::accepted);
}

TEST(LoginWatch, FastPathIsTwoPacketsInOneChunk) {
    LoginWatch watch(2, 2);
    auto chunk = hex("02000002 0103 07000003 00000002000000");
    EXPECT_EQ(*watch.from_back(chunk), Outcome::accepted);
}

TEST(LoginWatch, SeesTheDatabaseRefuseAndWhy) {
    LoginWatch watch(2, 2);
    auto chunk = access_denied;
    EXPECT_EQ(*watch.from_back(chunk), Outcome::refused);
    ASSERT_TRUE(watch.error());
    EXPECT_EQ(watch.error()->code, 1045);
    EXPECT_EQ(watch.error()->sql_state, "28000");
}

TEST(LoginWatch, RefusalInPiecesIsARefusal) {
    LoginWatch watch(2, 2);
    EXPECT_EQ(relay(watch, {{From::back, access_denied}}, 10), access_denied);
    EXPECT_EQ(watch.outcome(), Outcome::refused);
    EXPECT_FALSE(watch.error());
}

// Servers put 0x01 before a plugin's message that begins as an ERR would.
TEST(LoginWatch, EscapedMessageDecidesNothing) {
    LoginWatch watch(2, 2);
    auto chunk = hex("03000002 01ff00");
    EXPECT_EQ(*watch.from_back(chunk), Outcome::pending);
}

// TLS in front takes a number that plain text behind does not.
TEST(LoginWatch, ShiftsSequenceNumbersBothWays) {
    std::vector<Said> const talk{{From::back, ed25519_switch},
                                 {From::front, renumbered(ed25519_answer, 1)},
                                 {From::back, ed25519_ok}};
    auto const expected =
        renumbered(ed25519_switch, 1) + ed25519_answer + renumbered(ed25519_ok, 1);
    for (std::size_t chunk = 1; chunk < 70; ++chunk) {
        LoginWatch watch(3, 2);
        EXPECT_EQ(relay(watch, talk, chunk), expected) << "chunks of " << chunk;
        EXPECT_EQ(watch.outcome(), Outcome::accepted);
    }
}

TEST(LoginWatch, ShiftsDownToo) {
    LoginWatch watch(2, 3);
    auto chunk = hex("07000003 00000002000000");
    EXPECT_EQ(*watch.from_back(chunk), Outcome::accepted);
    EXPECT_EQ(chunk, hex("07000002 00000002000000"));
}

TEST(LoginWatch, LeavesWhatFollowsTheDecisionAlone) {
    auto const follows = hex("05000000 0301020304");
    LoginWatch watch(3, 2);
    auto chunk = hex("07000002 00000002000000") + follows;
    EXPECT_EQ(*watch.from_back(chunk), Outcome::accepted);
    EXPECT_EQ(chunk, hex("07000003 00000002000000") + follows);
    auto command = follows;
    EXPECT_TRUE(watch.from_front(command));
    EXPECT_TRUE(watch.from_back(command));
    EXPECT_EQ(command, follows);
}

TEST(LoginWatch, ClientSpeaksOnlyWhenSpokenTo) {
    LoginWatch early(2, 2);
    auto answer = hex("00000003");
    EXPECT_EQ(early.from_front(answer).error(), Errc::unexpected_packet);

    LoginWatch twice(2, 2);
    relay(twice, {{From::back, ed25519_switch}}, 100);
    auto answers = hex("00000003 00000004");
    EXPECT_EQ(twice.from_front(answers).error(), Errc::unexpected_packet);
}

// A COM_CHANGE_USER behind the answer would be carried out after the OK, unseen by CommandWatch.
TEST(LoginWatch, CommandBehindTheAnswerIsRefused) {
    LoginWatch whole(2, 2);
    relay(whole, {{From::back, ed25519_switch}}, 100);
    auto chunk = ed25519_answer + hex("02000000 1162");
    EXPECT_EQ(whole.from_front(chunk).error(), Errc::unexpected_packet);

    LoginWatch begun(2, 2);
    relay(begun, {{From::back, ed25519_switch}, {From::front, ed25519_answer + hex("0200")}}, 100);
    auto ok = ed25519_ok;
    EXPECT_EQ(begun.from_back(ok).error(), Errc::unexpected_packet);
}

TEST(LoginWatch, WrongNumberIsMalformed) {
    LoginWatch watch(2, 2);
    relay(watch, {{From::back, ed25519_switch}}, 100);
    auto command = hex("01000000 01");
    EXPECT_EQ(watch.from_front(command).error(), Errc::malformed);
}

TEST(LoginWatch, DialogueOfAHundredRoundsPasses) {
    LoginWatch watch(2, 2);
    for (int round = 0; round < 100; ++round) {
        auto question = make_packet(static_cast<std::uint8_t>(2 + 2 * round), hex("025057"));
        ASSERT_EQ(*watch.from_back(question), Outcome::pending);
        auto answer = make_packet(static_cast<std::uint8_t>(3 + 2 * round), hex("707700"));
        ASSERT_TRUE(watch.from_front(answer));
    }
    auto ok = renumbered(ed25519_ok, 198);
    EXPECT_EQ(*watch.from_back(ok), Outcome::accepted);
}

TEST(LoginWatch, DatabaseMustNumberItsPacketsInOrder) {
    LoginWatch at_once(2, 2);
    auto ahead = renumbered(ed25519_switch, 1);
    EXPECT_EQ(at_once.from_back(ahead).error(), Errc::malformed);

    LoginWatch later(2, 2);
    relay(later, {{From::back, ed25519_switch}, {From::front, ed25519_answer}}, 100);
    auto again = renumbered(ed25519_ok, -2);
    EXPECT_EQ(later.from_back(again).error(), Errc::malformed);
}

TEST(LoginWatch, EndlessAuthenticationIsTooLarge) {
    LoginWatch packets(2, 2);
    Buffer many;
    for (std::size_t i = 0; i <= max_auth_packets; ++i)
        many = std::move(many) + renumbered(hex("01000002 02"), static_cast<int>(i));
    EXPECT_EQ(packets.from_back(many).error(), Errc::too_large);

    LoginWatch bytes(2, 2);
    auto header = hex("010010 02");
    EXPECT_EQ(bytes.from_back(header).error(), Errc::too_large);
}

}  // namespace
}  // namespace sallyport::mysql
