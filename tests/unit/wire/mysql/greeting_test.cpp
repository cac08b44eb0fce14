#include "unit/wire/mysql/samples.hpp"
#include "wire/mysql/messages.hpp"

#include <gtest/gtest.h>

namespace sallyport::mysql {
namespace {

using namespace test;

Buffer const captured = payload_of(mariadb_greeting);

// Where in a greeting's payload, counted from the end of the version's text.
constexpr std::size_t scramble_length_at = 22;
constexpr std::size_t extended_at = 29;

TEST(Greeting, OfMariaDbIsRead) {
    auto const greeting = read_greeting(captured);
    ASSERT_TRUE(greeting);
    EXPECT_EQ(greeting->version, "5.5.5-10.11.19-MariaDB-0+deb12u1");
    EXPECT_EQ(greeting->connection_id, 0x13U);
    EXPECT_EQ(greeting->scramble, "bxV'[wcjiSA-]l**3_d[");
    EXPECT_EQ(greeting->capabilities, 0x81fffffeU);
    EXPECT_EQ(greeting->extended, 0x1dU);
    EXPECT_EQ(greeting->charset, 8);
    EXPECT_EQ(greeting->status, 2);
    EXPECT_EQ(greeting->plugin, "mysql_native_password");
}

TEST(Greeting, IsWrittenAsItWasRead) {
    auto const greeting = read_greeting(captured);
    ASSERT_TRUE(greeting);
    EXPECT_EQ(write_greeting(*greeting), captured);
}

TEST(Greeting, CutAnywhereIsMalformedExceptBeforeTheFinalNul) {
    for (std::size_t size = 0; size < captured.size(); ++size) {
        auto const greeting = read_greeting(Bytes(captured).first(size));
        bool const in_plugin_name = size >= captured.size() - sizeof "mysql_native_password";
        EXPECT_EQ(greeting.has_value(), in_plugin_name) << "cut to " << size;
        if (!greeting) {
            EXPECT_EQ(greeting.error(), Errc::malformed);
        }
    }
}

TEST(Greeting, OfAnotherProtocolVersionIsMalformed) {
    auto other = captured;
    other[0] = std::byte{9};
    EXPECT_EQ(read_greeting(other).error(), Errc::malformed);
}

TEST(Greeting, WithoutProtocol41IsMalformed) {
    auto greeting = *read_greeting(captured);
    greeting.capabilities &= ~capability::protocol_41;
    EXPECT_EQ(read_greeting(write_greeting(greeting)).error(), Errc::malformed);
}

TEST(Greeting, OfMySqlHasNoExtendedCapabilities) {
    auto greeting = *read_greeting(captured);
    greeting.capabilities |= capability::mysql;
    auto const payload = write_greeting(greeting);
    EXPECT_EQ(read_greeting(payload)->extended, 0U);
    EXPECT_EQ(Reader(Bytes(payload).subspan(greeting.version.size() + extended_at)).u32le(), 0U);
}

// The second part of the scramble has at least 13 bytes, however short the whole is.
TEST(Greeting, ScramblesOfAnySizeComeBack) {
    for (std::size_t size : {0U, 1U, 7U, 8U, 9U, 19U, 20U, 21U, 32U, 254U}) {
        auto greeting = *read_greeting(captured);
        greeting.scramble = std::string(size, 'x');
        auto const again = read_greeting(write_greeting(greeting));
        ASSERT_TRUE(again) << size;
        EXPECT_EQ(again->scramble, greeting.scramble) << size;
        EXPECT_EQ(again->plugin, greeting.plugin) << size;
    }
}

TEST(Greeting, WithoutPluginsStatesNoScrambleLength) {
    auto greeting = *read_greeting(captured);
    greeting.capabilities &= ~capability::plugin_auth;
    auto const payload = write_greeting(greeting);
    auto const again = read_greeting(payload);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->scramble, greeting.scramble);
    EXPECT_EQ(again->plugin, "");
    EXPECT_EQ(payload[greeting.version.size() + scramble_length_at], std::byte{0});
}

}  // namespace
}  // namespace sallyport::mysql
