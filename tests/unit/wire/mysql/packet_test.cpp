#include "wire/mysql/packet.hpp"

#include "support/script.hpp"

#include <gtest/gtest.h>

namespace sallyport::mysql {
namespace {

using test::hex;

TEST(Packet, HeaderIsLittleEndianLengthThenSequence) {
    auto const header = read_header(hex("010203 fe"));
    EXPECT_EQ(header.length, 0x030201U);
    EXPECT_EQ(header.sequence, 254);
}

TEST(Packet, HeaderOfTheLargestPayload) {
    EXPECT_EQ(read_header(hex("ffffff 00")).length, max_payload);
}

TEST(Packet, IsHeaderAndPayload) {
    EXPECT_EQ(make_packet(7, hex("aabbcc")), hex("030000 07 aabbcc"));
    EXPECT_EQ(make_packet(0, {}), hex("000000 00"));
}

}  // namespace
}  // namespace sallyport::mysql
