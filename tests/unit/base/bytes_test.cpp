// Reader and Writer: every decoder of the wire stands on these bounds.
#include "base/bytes.hpp"

#include "support/script.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sallyport {
namespace {

using test::hex;

TEST(Reader, ReadsLittleEndianNumbersOfEverySize) {
    auto const bytes = hex("01 0201 030201 04030201 0807060504030201");
    Reader in(bytes);
    EXPECT_EQ(in.u8(), 0x01U);
    EXPECT_EQ(in.u16le(), 0x0102U);
    EXPECT_EQ(in.u24le(), 0x010203U);
    EXPECT_EQ(in.u32le(), 0x01020304U);
    EXPECT_EQ(in.u64le(), 0x0102030405060708ULL);
    EXPECT_TRUE(in.ok());
    EXPECT_EQ(in.remaining(), 0U);
}

TEST(Reader, ReadsBigEndianNumbers) {
    auto const bytes = hex("0102 01020304");
    Reader in(bytes);
    EXPECT_EQ(in.u16be(), 0x0102U);
    EXPECT_EQ(in.u32be(), 0x01020304U);
    EXPECT_TRUE(in.ok());
}

TEST(Reader, KeepsTheHighestBitOfEveryNumber) {
    auto const bytes = hex("ffff ffffff ffffffff ffffffffffffffff ffff ffffffff");
    Reader in(bytes);
    EXPECT_EQ(in.u16le(), 0xffffU);
    EXPECT_EQ(in.u24le(), 0xffffffU);
    EXPECT_EQ(in.u32le(), 0xffffffffU);
    EXPECT_EQ(in.u64le(), 0xffffffffffffffffULL);
    EXPECT_EQ(in.u16be(), 0xffffU);
    EXPECT_EQ(in.u32be(), 0xffffffffU);
}

TEST(Reader, TakesExactlyWhatIsLeft) {
    auto const bytes = hex("0102");
    Reader in(bytes);
    EXPECT_EQ(in.take(2).size(), 2U);
    EXPECT_TRUE(in.ok());
    EXPECT_TRUE(in.take(0).empty());
    EXPECT_TRUE(in.ok());
}

TEST(Reader, FailsWhereAFieldIsOneByteTooLong) {
    auto const bytes = hex("010203");
    Reader in(bytes);
    EXPECT_EQ(in.u32le(), 0U);
    EXPECT_FALSE(in.ok());
}

TEST(Reader, FailsForASizeThatWouldOverflow) {
    auto const bytes = hex("0102");
    Reader in(bytes);
    in.skip(1);
    EXPECT_TRUE(in.take(static_cast<std::size_t>(-1)).empty());
    EXPECT_FALSE(in.ok());
}

TEST(Reader, StaysFailedEvenForFieldsThatWouldFit) {
    auto const bytes = hex("0102");
    Reader in(bytes);
    in.u32le();
    EXPECT_EQ(in.u8(), 0U);
    EXPECT_TRUE(in.take(1).empty());
    EXPECT_TRUE(in.rest().empty());
    EXPECT_TRUE(in.text_to_nul().empty());
    EXPECT_TRUE(in.take(0).empty());
    EXPECT_FALSE(in.ok());
}

TEST(Reader, CanBeMadeToFail) {
    auto const bytes = hex("01");
    Reader in(bytes);
    in.fail();
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.remaining(), 0U);
}

TEST(Reader, ReadsTextUpToItsNulAndConsumesTheNul) {
    auto const bytes = hex("616263 00 64");
    Reader in(bytes);
    EXPECT_EQ(in.text_to_nul(), "abc");
    EXPECT_EQ(in.remaining(), 1U);
    EXPECT_TRUE(in.ok());
}

TEST(Reader, ReadsEmptyText) {
    auto const bytes = hex("00");
    Reader in(bytes);
    EXPECT_EQ(in.text_to_nul(), "");
    EXPECT_TRUE(in.ok());
}

TEST(Reader, FailsForTextWithoutANul) {
    auto const bytes = hex("616263");
    Reader in(bytes);
    EXPECT_EQ(in.text_to_nul(), "");
    EXPECT_FALSE(in.ok());
}

TEST(Reader, FailsForTextInNothing) {
    Reader in(Bytes{});
    EXPECT_EQ(in.text_to_nul(), "");
    EXPECT_FALSE(in.ok());
}

TEST(Writer, WritesLittleEndianNumbersOfEverySize) {
    Buffer out;
    Writer writer(out);
    writer.u8(0x01);
    writer.u16le(0x0102);
    writer.u24le(0x010203);
    writer.u32le(0x01020304);
    writer.u64le(0x0102030405060708ULL);
    EXPECT_EQ(out, hex("01 0201 030201 04030201 0807060504030201"));
}

TEST(Writer, WritesBigEndianNumbers) {
    Buffer out;
    Writer writer(out);
    writer.u16be(0x0102);
    writer.u32be(0x01020304);
    EXPECT_EQ(out, hex("0102 01020304"));
}

TEST(Writer, AppendsToWhatIsThere) {
    auto out = hex("aa");
    Writer writer(out);
    writer.zeros(2);
    writer.bytes(hex("bb"));
    writer.text("c");
    writer.text_with_nul("d");
    EXPECT_EQ(out, hex("aa 0000 bb 63 6400"));
}

TEST(Writer, CutsANumberThatIsTooLargeForItsField) {
    Buffer out;
    Writer(out).u24le(0x01020304);
    EXPECT_EQ(out, hex("040302"));
}

TEST(Bytes, TextBecomesBytesAndTextAgain) {
    std::string const text("a\0\xff", 3);
    EXPECT_EQ(as_bytes(text).size(), 3U);
    EXPECT_EQ(as_text(as_bytes(text)), text);
}

}  // namespace
}  // namespace sallyport
