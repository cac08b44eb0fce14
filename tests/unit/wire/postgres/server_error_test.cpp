#include "unit/wire/postgres/samples.hpp"

#include <gtest/gtest.h>

namespace sallyport::postgres {
namespace {

using namespace samples;
using namespace std::literals;

TEST(PostgresError, IsRead) {
    auto const error = read_error(body_of(wrong_password));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->severity, "FATAL");
    EXPECT_EQ(error->code, "28P01");
    EXPECT_EQ(error->message, "password authentication failed for user \"a\"");
    EXPECT_EQ(error->detail, "");
    EXPECT_EQ(error->hint, "");
}

TEST(PostgresError, IsWritten) {
    ServerError const error{
        .code = "28000", .message = "no", .detail = "because", .hint = "sslmode=require"};
    auto const written = write_error(error);
    EXPECT_EQ(as_text(written),
              "E\0\0\0\x38SFATAL\0VFATAL\0C28000\0Mno\0Dbecause\0"
              "Hsslmode=require\0\0"sv);
    auto const again = read_error(body_of(written));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->severity, "FATAL");
    EXPECT_EQ(again->detail, error.detail);
    EXPECT_EQ(again->hint, error.hint);
}

TEST(PostgresError, EmptyDetailAndHintAreLeftOut) {
    EXPECT_EQ(write_error({.code = "08P01", .message = "m"}),
              hex("45 0000001d 53464154414c00 56464154414c00 43303850303100 4d6d00 00"));
}

// The S field is in the server's language, and the order of fields is the server's.
TEST(PostgresError, SeverityIsTheEnglishOneWhereThereIsOne) {
    for (auto const text : {"VFATAL\0SFATALE\0\0"sv, "SFATALE\0VFATAL\0\0"sv, "SFATAL\0\0"sv})
        EXPECT_EQ(read_error(as_bytes(text))->severity, "FATAL");
    EXPECT_EQ(read_error(hex("00"))->severity, "");
}

TEST(PostgresError, EveryTextHasItsNulAndTheListItsEnd) {
    auto const body = body_of(wrong_password);
    for (std::size_t size = 0; size < body.size(); ++size)
        EXPECT_EQ(read_error(Bytes(body).first(size)).error(), Errc::malformed) << size;
    EXPECT_EQ(read_error(body + hex("00")).error(), Errc::malformed);
}

}  // namespace
}  // namespace sallyport::postgres
