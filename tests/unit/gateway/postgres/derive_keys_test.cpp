// Keys from a password: few iterations where they are asked for, many on another thread, and the
// caller is resumed on its own in either case.
#include "gateway/postgres/derive_keys.hpp"

#include "support/loop.hpp"
#include "support/script.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace sallyport::gateway {
namespace {

/// RFC 7677's.
constexpr auto salt = "W22ZaJ0SNY7soEsUEjb6gQ==";

Buffer client_key_of(Result<identity::ScramKeys> const& keys) {
    return {keys.value().client_key.begin(), keys.value().client_key.end()};
}

net::Task<std::thread::id> thread_after_deriving(std::uint32_t iterations) {
    auto const keys = co_await derive_keys("pencil", salt, iterations);
    EXPECT_TRUE(keys);
    co_return std::this_thread::get_id();
}

TEST(DeriveKeys, FewIterations) {
    test::Loop loop;
    EXPECT_EQ(client_key_of(loop.run(derive_keys("pencil", salt, 4096))),
              test::hex("a60fc923d67e8644a92d16b96eda5ef4656b0c725c484374be25535576996e8b"));
}

TEST(DeriveKeys, ManyIterations) {
    test::Loop loop;
    EXPECT_EQ(client_key_of(loop.run(derive_keys("pencil", salt, max_iterations_in_place + 1))),
              test::hex("7fd8b3a0bf0e69c1e22cfb684be52b77d08da6c092aec5ac1affbbca548bf68e"));
}

TEST(DeriveKeys, TheCallerGoesOnWhereItWas) {
    test::Loop loop;
    for (auto const iterations : {4096U, max_iterations_in_place + 1})
        EXPECT_EQ(loop.run(thread_after_deriving(iterations)), std::this_thread::get_id());
}

TEST(DeriveKeys, OthersAreServedWhileManyIterationsAreUnderWay) {
    test::Loop loop;
    auto const slow = loop.start(derive_keys("pencil", salt, 500'000));
    auto const quick = loop.start(derive_keys("pencil", salt, 1));
    loop.settle();
    EXPECT_TRUE(quick->has_value());
    EXPECT_FALSE(slow->has_value());
    EXPECT_TRUE(loop.wait(slow));
}

TEST(DeriveKeys, WhatIsWrongWithTheChallengeIsSaid) {
    test::Loop loop;
    EXPECT_EQ(loop.run(derive_keys("pencil", "not base64!", 4096)).error(), Errc::malformed);
    EXPECT_EQ(loop.run(derive_keys("pencil", "not base64!", 30'000)).error(), Errc::malformed);
    auto const too_many = identity::max_scram_iterations + 1;
    EXPECT_EQ(loop.run(derive_keys("pencil", salt, too_many)).error(), Errc::malformed);
}

}  // namespace
}  // namespace sallyport::gateway
