// The four messages of a question, byte by byte, and the rows that answer it.
#include "wire/postgres/query.hpp"

#include "support/script.hpp"

#include <gtest/gtest.h>

namespace sallyport::postgres {
namespace {

using test::hex;
using test::operator+;

Buffer text(std::string_view characters) {
    auto const bytes = as_bytes(characters);
    return {bytes.begin(), bytes.end()};
}

TEST(Question, IsParseBindExecuteAndSync) {
    Question const question{"SELECT $1, $2", {"alice", ""}, 2};
    auto const parse = hex("50 00000015 00") + text("SELECT $1, $2") + hex("00 0000");
    auto const bind =
        hex("42 00000019 00 00 0000 0002 00000005") + text("alice") + hex("00000000 0000");
    auto const execute = hex("45 00000009 00 00000002");
    auto const sync = hex("53 00000004");
    EXPECT_EQ(write_question(question), parse + bind + execute + sync);
}

/// alice, NULL and an empty text.
Buffer const row = hex("0003 00000005") + text("alice") + hex("ffffffff 00000000");

TEST(DataRow, HasTextsAndNulls) {
    EXPECT_EQ(read_data_row(row).value(), (std::vector<Value>{"alice", std::nullopt, ""}));
}

TEST(DataRow, MayBeEmpty) {
    EXPECT_TRUE(read_data_row(hex("0000")).value().empty());
}

TEST(DataRow, CutAnywhereIsMalformed) {
    for (std::size_t size = 0; size < row.size(); ++size) {
        Buffer const part(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(read_data_row(part).error(), Errc::malformed) << "cut to " << size;
    }
}

TEST(DataRow, WithMoreBehindItIsMalformed) {
    EXPECT_EQ(read_data_row(row + hex("00")).error(), Errc::malformed);
}

TEST(DataRow, WithALengthBeyondItsEndIsMalformed) {
    EXPECT_EQ(read_data_row(hex("0001 fffffffe 00")).error(), Errc::malformed);
    EXPECT_EQ(read_data_row(hex("0001 80000000 00")).error(), Errc::malformed);
    EXPECT_EQ(read_data_row(hex("ffff 00000001 61")).error(), Errc::malformed);
}

}  // namespace
}  // namespace sallyport::postgres
