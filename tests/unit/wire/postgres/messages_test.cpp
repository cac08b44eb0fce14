#include "unit/wire/postgres/samples.hpp"

#include <gtest/gtest.h>

namespace sallyport::postgres {
namespace {

using namespace samples;

TEST(PostgresMessage, HeadIsTypeAndLength) {
    auto const head = read_message_head(Bytes(sasl).first(message_head_size));
    ASSERT_TRUE(head);
    EXPECT_EQ(head->type, message::authentication);
    EXPECT_EQ(head->body, 0x13U);
    EXPECT_EQ(read_message_head(hex("58 00000004"))->body, 0U);
    EXPECT_EQ(read_message_head(hex("58 ffffffff"))->body, 0xfffffffbU);
}

TEST(PostgresMessage, LengthCountsItself) {
    EXPECT_EQ(read_message_head(hex("52 00000003")).error(), Errc::malformed);
    EXPECT_EQ(read_message_head(hex("52 00000000")).error(), Errc::malformed);
    EXPECT_EQ(read_message_head(hex("52 000000")).error(), Errc::malformed);
}

TEST(PostgresMessage, IsMadeOfTypeAndBody) {
    EXPECT_EQ(make_message('R', body_of(sasl)), sasl);
    EXPECT_EQ(make_message(message::terminate, {}), hex("58 00000004"));
}

TEST(PostgresBackendKey, IsRead) {
    auto const key = read_backend_key(body_of(short_key));
    ASSERT_TRUE(key);
    EXPECT_EQ(key->process, 0x3b56U);
    EXPECT_EQ(key->secret, hex("c9f666ab"));
    auto const longer = read_backend_key(body_of(long_key));
    ASSERT_TRUE(longer);
    EXPECT_EQ(longer->secret.size(), 32U);
    EXPECT_EQ(longer->secret,
              Buffer(long_key.begin() + message_head_size + secret_offset, long_key.end()));
}

TEST(PostgresBackendKey, SecretHasALimitOnBothSides) {
    EXPECT_TRUE(read_backend_key(Buffer(secret_offset + min_secret)));
    EXPECT_TRUE(read_backend_key(Buffer(secret_offset + max_secret)));
    EXPECT_EQ(read_backend_key({}).error(), Errc::malformed);
    EXPECT_EQ(read_backend_key(Buffer(7)).error(), Errc::malformed);
    EXPECT_EQ(read_backend_key(Buffer(secret_offset + max_secret + 1)).error(), Errc::malformed);
}

}  // namespace
}  // namespace sallyport::postgres
