#include "wire/postgres/login_watch.hpp"

#include "unit/wire/postgres/samples.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sallyport::postgres {
namespace {

using namespace samples;
using Outcome = LoginWatch::Outcome;

enum class From { front, back };
struct Said {
    From from;
    Buffer bytes;
};
using Talk = std::vector<Said>;

/// A caller as LoginWatch wants it: what may not go on yet is given again with more behind it.
/// Secrets are overwritten with 'x'.
class Relay {
 public:
    Relay()
        : watch([this](CancelKey const& real, MutableBytes secret) {
              keys.push_back(real);
              std::fill(secret.begin(), secret.end(), std::byte{'x'});
          }) {}

    Result<void> pass(From from, Bytes chunk) {
        auto& held = from == From::back ? held_back_ : held_front_;
        held.insert(held.end(), chunk.begin(), chunk.end());
        // A copy for every call, so that the address sanitizer sees any byte that is kept.
        auto offered = held;
        auto const passes =
            from == From::back ? watch.from_back(offered) : watch.from_front(offered);
        if (!passes) return passes.error();
        auto const end = offered.begin() + static_cast<std::ptrdiff_t>(*passes);
        auto& out = from == From::back ? to_front : to_back;
        out.insert(out.end(), offered.begin(), end);
        held.assign(end, offered.end());
        return {};
    }
    Result<void> back(Bytes chunk) { return pass(From::back, chunk); }
    Result<void> front(Bytes chunk) { return pass(From::front, chunk); }

    LoginWatch watch;
    Buffer to_front{};
    Buffer to_back{};
    std::vector<CancelKey> keys{};

 private:
    Buffer held_back_;
    Buffer held_front_;
};

Buffer const rekeyed_short = hex("4b 0000000c 00003b56 78787878");
Buffer const select_1 = hex("51 0000000d 73656c656374203100");

Talk scram_login() {
    return {{From::back, sasl},
            {From::front, sasl_initial},
            {From::back, sasl_continue},
            {From::front, sasl_response},
            {From::back, sasl_final + auth_ok + parameters + short_key + ready},
            {From::front, select_1},
            {From::back, hex("44 0000000b 0001 00000001 31") + short_key}};
}

/// Passes all of it, every message cut into chunks as `next_size` says.
template <class NextSize>
void pass_in_chunks(Relay& relay, Talk const& talk, NextSize next_size) {
    for (auto const& [from, bytes] : talk)
        for (Bytes rest = bytes; !rest.empty();) {
            auto const size = std::min<std::size_t>(next_size(), rest.size());
            ASSERT_TRUE(relay.pass(from, rest.first(size)));
            rest = rest.subspan(size);
        }
}

Errc fault_of(Result<void> const& result) {
    return result ? Errc{} : static_cast<Errc>(result.error().value());
}

void expect_whole_login(Relay const& relay) {
    EXPECT_EQ(relay.watch.outcome(), Outcome::ready);
    ASSERT_EQ(relay.keys.size(), 1U);
    EXPECT_EQ(relay.keys.front(), *read_backend_key(body_of(short_key)));
    EXPECT_EQ(relay.to_back, sasl_initial + sasl_response + select_1);
    EXPECT_EQ(relay.to_front, sasl + sasl_continue + sasl_final + auth_ok + parameters +
                                  rekeyed_short + ready + scram_login().back().bytes);
}

TEST(PostgresLoginWatch, ChunksOfAnySizeComeOutTheSame) {
    for (std::size_t size = 1; size < 300; ++size) {
        SCOPED_TRACE(size);
        Relay relay;
        pass_in_chunks(relay, scram_login(), [&] { return size; });
        expect_whole_login(relay);
    }
}

TEST(PostgresLoginWatch, SplitAtAnyPlaceComesOutTheSame) {
    for (std::size_t place = 1; place < scram_login()[4].bytes.size(); ++place) {
        SCOPED_TRACE(place);
        Relay relay;
        bool is_second = false;
        pass_in_chunks(relay, scram_login(), [&] {
            is_second = !is_second;
            return is_second ? place : std::size_t{10'000};
        });
        expect_whole_login(relay);
    }
}

TEST(PostgresLoginWatch, AnySplitsAtAllComeOutTheSame) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        std::uniform_int_distribution<std::size_t> sizes(1, 1 + seed);
        Relay relay;
        pass_in_chunks(relay, scram_login(), [&] { return sizes(random); });
        expect_whole_login(relay);
    }
}

TEST(PostgresLoginWatch, OutcomesComeInOrder) {
    Relay relay;
    EXPECT_TRUE(relay.back(sasl));
    EXPECT_EQ(relay.watch.outcome(), Outcome::pending);
    EXPECT_TRUE(relay.front(sasl_initial));
    EXPECT_TRUE(relay.back(sasl_final));
    EXPECT_EQ(relay.watch.outcome(), Outcome::pending);
    EXPECT_TRUE(relay.back(auth_ok));
    EXPECT_EQ(relay.watch.outcome(), Outcome::accepted);
    EXPECT_TRUE(relay.back(parameters + short_key));
    EXPECT_EQ(relay.watch.outcome(), Outcome::accepted);
    EXPECT_TRUE(relay.back(ready));
    EXPECT_EQ(relay.watch.outcome(), Outcome::ready);
}

TEST(PostgresLoginWatch, KeepsBackWhatItMustSeeWhole) {
    for (auto const& message : {sasl_continue, wrong_password}) {
        Relay relay;
        EXPECT_TRUE(relay.back(Bytes(message).first(message.size() - 1)));
        EXPECT_TRUE(relay.to_front.empty());
        EXPECT_TRUE(relay.back(Bytes(message).last(1)));
        EXPECT_EQ(relay.to_front, message);
    }
}

TEST(PostgresLoginWatch, LongSecretsAreRekeyed) {
    Relay relay;
    EXPECT_TRUE(relay.back(auth_ok + long_key + ready));
    ASSERT_EQ(relay.keys.size(), 1U);
    EXPECT_EQ(relay.keys.front().secret.size(), 32U);
    EXPECT_EQ(relay.to_front,
              auth_ok + hex("4b 00000028 00003bbe") + bytes_of(std::string(32, 'x')) + ready);
}

TEST(PostgresLoginWatch, SecondKeyIsMalformed) {
    Relay relay;
    EXPECT_TRUE(relay.back(auth_ok + short_key));
    EXPECT_EQ(relay.back(short_key + ready).error(), Errc::malformed);
    EXPECT_EQ(relay.keys.size(), 1U);
}

TEST(PostgresLoginWatch, WrongPasswordIsARefusal) {
    Relay relay;
    EXPECT_TRUE(relay.back(sasl));
    EXPECT_TRUE(relay.front(sasl_initial));
    EXPECT_TRUE(relay.back(wrong_password));
    EXPECT_EQ(relay.watch.outcome(), Outcome::refused);
    ASSERT_TRUE(relay.watch.error());
    EXPECT_EQ(relay.watch.error()->code, "28P01");
    EXPECT_EQ(relay.to_front, sasl + wrong_password);
}

// The role may log in, but not here: the database says so behind AuthenticationOk.
TEST(PostgresLoginWatch, MissingDatabaseIsARefusal) {
    Relay relay;
    EXPECT_TRUE(relay.back(auth_ok + no_database));
    EXPECT_EQ(relay.watch.outcome(), Outcome::refused);
    EXPECT_EQ(relay.watch.error()->code, "3D000");
}

TEST(PostgresLoginWatch, NothingGoesOnBehindARefusal) {
    Relay relay;
    EXPECT_TRUE(relay.back(sasl + wrong_password + auth_ok + short_key));
    EXPECT_EQ(relay.to_front, sasl + wrong_password);
    EXPECT_TRUE(relay.back(ready));
    EXPECT_EQ(relay.to_front, sasl + wrong_password);
    EXPECT_TRUE(relay.keys.empty());
    EXPECT_EQ(fault_of(relay.front(sasl_initial)), Errc::unexpected_packet);
}

TEST(PostgresLoginWatch, NoticesAndVersionsPass) {
    auto const notice = hex("4e 00000008 4d6d0000");
    auto const version = hex("76 0000000c 00030000 00000000");
    Relay relay;
    EXPECT_TRUE(relay.back(version + notice + sasl));
    EXPECT_EQ(relay.to_front, version + notice + sasl);
    EXPECT_EQ(relay.watch.outcome(), Outcome::pending);
}

TEST(PostgresLoginWatch, NoticesPassInPiecesWhateverTheirSize) {
    Relay relay;
    auto const begun = hex("4e 7fffffff 4d");
    EXPECT_TRUE(relay.back(begun));
    EXPECT_EQ(relay.to_front, begun);
    Buffer const more(100'000);
    EXPECT_TRUE(relay.back(more));
    EXPECT_EQ(relay.to_front.size(), begun.size() + more.size());
}

TEST(PostgresLoginWatch, MessagesThatMakeNoSenseAreMalformed) {
    auto const malformed = [](Buffer const& before, Buffer const& message) {
        Relay relay;
        EXPECT_TRUE(relay.back(before));
        EXPECT_EQ(fault_of(relay.back(message)), Errc::malformed);
    };
    for (char const type : {'T', 'D', 'C', 'A', 'G', 'd', 'X', '\0'}) {
        malformed({}, make_message(type, {}));
        malformed(auth_ok, make_message(type, {}));
    }
    malformed({}, short_key);
    malformed({}, ready);
    malformed(auth_ok, auth_ok);
    malformed(auth_ok, sasl);
    malformed(auth_ok, hex("5a 00000004"));
    malformed(auth_ok, hex("4b 00000008 00003b56"));
    malformed({}, hex("52 00000007 000000"));
    malformed({}, hex("45 00000005 53"));
    malformed({}, hex("52 00000003"));
}

TEST(PostgresLoginWatch, LargeMessagesAreTooLarge) {
    for (char const type : {'R', 'K', 'E'}) {
        Buffer head{static_cast<std::byte>(type)};
        Writer(head).u32be(max_login_message + 4 + 1);
        Relay relay;
        EXPECT_TRUE(relay.back(auth_ok));
        EXPECT_EQ(fault_of(relay.back(head)), Errc::too_large) << type;
    }
    Relay relay;
    auto const largest = make_message('R', Buffer(max_login_message, std::byte{8}));
    EXPECT_TRUE(relay.back(largest));
    EXPECT_EQ(relay.to_front, largest);
}

TEST(PostgresLoginWatch, ClientSpeaksOnlyWhenSpokenTo) {
    Relay early;
    EXPECT_EQ(fault_of(early.front(sasl_initial)), Errc::unexpected_packet);
    Relay twice;
    EXPECT_TRUE(twice.back(sasl));
    EXPECT_EQ(fault_of(twice.front(sasl_initial + sasl_response)), Errc::unexpected_packet);
    Relay at_the_end;
    EXPECT_TRUE(at_the_end.back(sasl_final));
    EXPECT_EQ(fault_of(at_the_end.front(sasl_response)), Errc::unexpected_packet);
}

TEST(PostgresLoginWatch, ClientOnlyAnswers) {
    for (auto const& message : {select_1, hex("58 00000004"), ssl_request}) {
        Relay relay;
        EXPECT_TRUE(relay.back(sasl));
        EXPECT_EQ(fault_of(relay.front(message)), Errc::unexpected_packet);
        EXPECT_TRUE(relay.to_back.empty());
    }
}

TEST(PostgresLoginWatch, AnswersHaveALimitAndALength) {
    auto const answer_of = [](std::size_t size) { return make_message('p', Buffer(size)); };
    Relay relay;
    EXPECT_TRUE(relay.back(sasl));
    EXPECT_TRUE(relay.front(answer_of(max_auth_answer)));
    EXPECT_TRUE(relay.back(sasl_continue));
    EXPECT_EQ(fault_of(relay.front(answer_of(max_auth_answer + 1))), Errc::too_large);
    Relay other;
    EXPECT_TRUE(other.back(sasl));
    EXPECT_EQ(fault_of(other.front(hex("70 00000003"))), Errc::malformed);
}

// GSS takes as many rounds as its tickets need, and its last token may go unanswered.
TEST(PostgresLoginWatch, MethodsOfManyRoundsPass) {
    Relay relay;
    EXPECT_TRUE(relay.back(write_auth(Auth::gss)));
    for (int round = 0; round < 300; ++round) {
        EXPECT_TRUE(relay.front(make_message('p', hex("6064"))));
        EXPECT_TRUE(relay.back(write_auth(Auth::gss_continue, hex("6064"))));
    }
    EXPECT_TRUE(relay.back(auth_ok + short_key + ready));
    EXPECT_EQ(relay.watch.outcome(), Outcome::ready);
}

TEST(PostgresLoginWatch, ClientIsFreeOnceItIsAccepted) {
    Relay relay;
    auto const part = Bytes(select_1).first(3);
    EXPECT_TRUE(relay.front(part));
    EXPECT_TRUE(relay.to_back.empty());
    EXPECT_TRUE(relay.back(auth_ok));
    EXPECT_TRUE(relay.front(Bytes(select_1).subspan(3)));
    EXPECT_EQ(relay.to_back, select_1);
}

TEST(PostgresLoginWatch, LooksAtNothingOnceItIsReady) {
    Relay relay;
    EXPECT_TRUE(relay.back(auth_ok + ready + short_key + hex("00")));
    EXPECT_EQ(relay.to_front, auth_ok + ready + short_key + hex("00"));
    EXPECT_TRUE(relay.keys.empty());
    EXPECT_TRUE(relay.back(hex("ff")));
    EXPECT_TRUE(relay.front(hex("ff")));
    EXPECT_EQ(relay.to_back, hex("ff"));
}

}  // namespace
}  // namespace sallyport::postgres
