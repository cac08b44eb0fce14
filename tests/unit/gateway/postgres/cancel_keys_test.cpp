// Keys of cancel requests: ours are random and lead to the database's; who guesses is stopped.
#include "gateway/postgres/cancel_keys.hpp"

#include "support/addresses.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace sallyport::gateway {
namespace {

using std::chrono::seconds;
using Secret = std::array<std::byte, 4>;

Endpoint endpoint_of(config::Address const& address) {
    std::string why;
    return resolve(address, why).value().front();
}

Endpoint client_at(std::string const& host) {
    return endpoint_of(test::tcp_address(host, 40000));
}

CancelRoute route_to(std::uint32_t process, std::string_view real_secret = "real") {
    CancelRoute route;
    auto const bytes = as_bytes(real_secret);
    route.key = {process, Buffer(bytes.begin(), bytes.end())};
    return route;
}

class CancelKeysTest : public testing::Test {
 protected:
    /// What the client of such a session was given.
    postgres::CancelKey add(std::uint32_t process, std::uint64_t session = 1,
                            std::size_t size = 4) {
        Buffer secret(size);
        keys_.add(session, route_to(process), secret);
        return {process, secret};
    }
    bool finds(postgres::CancelKey const& key, Endpoint const& client) {
        return keys_.find(key, client, now_).has_value();
    }
    bool finds(postgres::CancelKey const& key) { return finds(key, client_); }
    void guess(std::size_t times, Endpoint const& client) {
        for (std::size_t i = 0; i < times; ++i) EXPECT_FALSE(finds(wrong_, client));
    }
    void guess(std::size_t times) { guess(times, client_); }

    CancelKeys keys_;
    CancelKeys::Clock::time_point now_ = CancelKeys::Clock::now();
    Endpoint client_ = client_at("192.0.2.1");
    postgres::CancelKey wrong_{77, Buffer(4)};
};

TEST_F(CancelKeysTest, AKeyLeadsToTheDatabases) {
    Secret secret{};
    auto route = route_to(77, "hers");
    route.endpoint = endpoint_of(test::tcp_address("192.0.2.9", 5432));
    route.address_index = 3;
    route.use_tls = true;
    keys_.add(1, route, secret);
    auto const found = keys_.find({77, Buffer(secret.begin(), secret.end())}, client_, now_);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->key, route.key);
    EXPECT_EQ(found->endpoint.to_string(), "192.0.2.9:5432");
    EXPECT_EQ(found->address_index, 3U);
    EXPECT_TRUE(found->use_tls);
}

TEST_F(CancelKeysTest, TheDatabasesOwnKeyLeadsNowhere) {
    add(77);
    EXPECT_FALSE(finds(route_to(77).key));
}

TEST_F(CancelKeysTest, AnotherProcessIdLeadsNowhere) {
    auto key = add(77);
    key.process = 78;
    EXPECT_FALSE(finds(key));
}

TEST_F(CancelKeysTest, ASecretMustFitAsAWhole) {
    auto const key = add(77, 1, 32);
    for (std::size_t i = 0; i < key.secret.size(); ++i) {
        auto other = key;
        other.secret[i] ^= std::byte{1};
        EXPECT_FALSE(finds(other)) << "byte " << i;
        now_ += CancelKeys::forgiven_after;
    }
    EXPECT_TRUE(finds(key));
}

TEST_F(CancelKeysTest, ASecretOfAnotherLengthDoesNotFit) {
    auto key = add(77, 1, 32);
    key.secret.pop_back();
    EXPECT_FALSE(finds(key));
    key.secret.clear();
    EXPECT_FALSE(finds(key));
    key.secret.resize(postgres::max_secret);
    EXPECT_FALSE(finds(key));
}

TEST_F(CancelKeysTest, SecretsAreRandomInEveryByte) {
    std::array<std::set<std::byte>, 32> seen;
    for (std::uint64_t session = 1; session <= 64; ++session) {
        auto const secret = add(77, session, seen.size()).secret;
        for (std::size_t i = 0; i < seen.size(); ++i) seen[i].insert(secret[i]);
    }
    // 64 draws of 256 give 57 different ones on average; as few as 8 never happens.
    for (auto const& bytes : seen) EXPECT_GT(bytes.size(), 8U);
}

TEST_F(CancelKeysTest, SessionsOnTwoServersMayHaveOneProcessId) {
    Secret first{};
    Secret second{};
    keys_.add(1, route_to(77, "one!"), first);
    keys_.add(2, route_to(77, "two!"), second);
    auto const to_first = keys_.find({77, Buffer(first.begin(), first.end())}, client_, now_);
    auto const to_second = keys_.find({77, Buffer(second.begin(), second.end())}, client_, now_);
    ASSERT_TRUE(to_first);
    ASSERT_TRUE(to_second);
    EXPECT_EQ(as_text(to_first->key.secret), "one!");
    EXPECT_EQ(as_text(to_second->key.secret), "two!");
}

TEST_F(CancelKeysTest, OneOfTwoWithTheSameProcessIdIsUniqueEvenInOneByte) {
    std::set<Buffer> secrets;
    for (std::uint64_t session = 1; session <= 200; ++session)
        secrets.insert(add(77, session, 1).secret);
    EXPECT_EQ(secrets.size(), 200U);
}

TEST_F(CancelKeysTest, AllKeysOfASessionThatIsOverAreForgotten) {
    auto const first = add(77, 1);
    auto const second = add(88, 1);
    auto const others = add(77, 2);
    keys_.remove(1);
    EXPECT_FALSE(finds(first));
    EXPECT_FALSE(finds(second));
    EXPECT_TRUE(finds(others));
    keys_.remove(1);
    EXPECT_TRUE(finds(others));
}

TEST_F(CancelKeysTest, SessionsHaveNumbersOfTheirOwn) {
    auto const first = keys_.next_session();
    EXPECT_NE(keys_.next_session(), first);
}

TEST_F(CancelKeysTest, AfterTooManyGuessesNotEvenTheRightKeyCounts) {
    auto const key = add(77);
    guess(CancelKeys::guesses - 1);
    EXPECT_TRUE(finds(key));
    guess(1);
    EXPECT_FALSE(finds(key));
    EXPECT_TRUE(finds(key, client_at("192.0.2.2")));
}

TEST_F(CancelKeysTest, OneGuessIsForgivenAfterAWhile) {
    auto const key = add(77);
    guess(CancelKeys::guesses);
    now_ += CancelKeys::forgiven_after - std::chrono::milliseconds(1);
    EXPECT_FALSE(finds(key));
    now_ += std::chrono::milliseconds(1);
    EXPECT_TRUE(finds(key));
    guess(1);
    EXPECT_FALSE(finds(key));
}

TEST_F(CancelKeysTest, AllGuessesAreForgivenInTheEndAndNoMoreThanThose) {
    auto const key = add(77);
    guess(CancelKeys::guesses);
    now_ += CancelKeys::guesses * CancelKeys::forgiven_after * 100;
    guess(CancelKeys::guesses - 1);
    EXPECT_TRUE(finds(key));
    guess(1);
    EXPECT_FALSE(finds(key));
}

TEST_F(CancelKeysTest, WhatIsNotLookedUpDoesNotCountAsAGuess) {
    auto const key = add(77);
    guess(CancelKeys::guesses + 50);
    now_ += CancelKeys::forgiven_after;
    EXPECT_TRUE(finds(key));
}

TEST_F(CancelKeysTest, RightKeysAreNoGuesses) {
    auto const key = add(77);
    for (std::uint32_t i = 0; i < 10 * CancelKeys::guesses; ++i) EXPECT_TRUE(finds(key));
}

TEST_F(CancelKeysTest, GuessersInIpv6AreTheirNetworkOf64Bits) {
    auto const key = add(77);
    guess(CancelKeys::guesses, client_at("2001:db8:0:1::1"));
    EXPECT_FALSE(finds(key, client_at("2001:db8:0:1:ffff:ffff:ffff:ffff")));
    EXPECT_TRUE(finds(key, client_at("2001:db8:0:2::1")));
}

TEST_F(CancelKeysTest, GuessersInIpv4AreTheSameOnAnIpv6Socket) {
    auto const key = add(77);
    guess(CancelKeys::guesses, client_at("::ffff:192.0.2.1"));
    EXPECT_FALSE(finds(key));
    EXPECT_TRUE(finds(key, client_at("::ffff:192.0.2.2")));
}

TEST_F(CancelKeysTest, GuessersOnUnixSocketsAreOne) {
    auto const key = add(77);
    guess(CancelKeys::guesses, endpoint_of(test::unix_address("/one")));
    EXPECT_FALSE(finds(key, endpoint_of(test::unix_address("/two"))));
    EXPECT_TRUE(finds(key));
}

TEST_F(CancelKeysTest, ThePortDoesNotMatter) {
    auto const key = add(77);
    guess(CancelKeys::guesses, endpoint_of(test::tcp_address("192.0.2.1", 1)));
    EXPECT_FALSE(finds(key, endpoint_of(test::tcp_address("192.0.2.1", 2))));
}

TEST_F(CancelKeysTest, AsManyGuessersAreRememberedAsPromisedAndTheOldestIsForgottenFirst) {
    auto const key = add(77);
    auto const guesser = [](std::size_t number) {
        return client_at("10.0." + std::to_string(number / 256) + "." +
                         std::to_string(number % 256));
    };
    guess(CancelKeys::guesses, guesser(0));
    guess(CancelKeys::guesses, guesser(1));
    for (std::size_t i = 2; i < CancelKeys::max_guessers; ++i) guess(1, guesser(i));
    EXPECT_FALSE(finds(key, guesser(0)));
    guess(1, guesser(CancelKeys::max_guessers));
    EXPECT_TRUE(finds(key, guesser(0)));
    EXPECT_FALSE(finds(key, guesser(1)));
}

}  // namespace
}  // namespace sallyport::gateway
