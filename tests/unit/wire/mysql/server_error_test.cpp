#include "unit/wire/mysql/samples.hpp"
#include "wire/mysql/messages.hpp"

#include <gtest/gtest.h>

namespace sallyport::mysql {
namespace {

using namespace test;

TEST(ServerError, IsReadAndWritten) {
    auto const payload = payload_of(access_denied);
    auto const error = read_error(payload);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, 1045);
    EXPECT_EQ(error->sql_state, "28000");
    EXPECT_EQ(error->message, "Access denied for user 'a'@'localhost' (using password: YES)");
    EXPECT_EQ(write_error(*error), payload);
}

TEST(ServerError, AtConnectHasNoState) {
    auto const payload = hex("ff 6a04") + Buffer{std::byte{'H'}, std::byte{'o'}};
    auto const error = read_error(payload);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, 1130);
    EXPECT_EQ(error->sql_state, "");
    EXPECT_EQ(error->message, "Ho");
    EXPECT_EQ(write_error(*error), payload);
}

TEST(ServerError, HashWithoutFiveCharactersIsMessage) {
    auto const error = read_error(hex("ff 1504 23 32383030"));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->sql_state, "");
    EXPECT_EQ(error->message, "#2800");
}

TEST(ServerError, OtherPacketsAreNone) {
    EXPECT_FALSE(is_error({}));
    EXPECT_FALSE(is_error(hex("00")));
    EXPECT_EQ(read_error(hex("00 1504")).error(), Errc::malformed);
    EXPECT_EQ(read_error(hex("ff 15")).error(), Errc::malformed);
}

}  // namespace
}  // namespace sallyport::mysql
