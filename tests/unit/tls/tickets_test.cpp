// Ticket keys: what is sealed can be opened, what others sealed cannot.
#include "tls/tickets.hpp"

#include <gtest/gtest.h>

namespace sallyport::tls {
namespace {

TEST(TicketKeys, TheCurrentKeyStaysWithinItsTerm) {
    TicketKeys keys;
    EXPECT_EQ(keys.current().name, keys.current().name);
}

TEST(TicketKeys, TheCurrentKeyIsFoundByItsName) {
    TicketKeys keys;
    auto const current = keys.current();
    TicketKeys::Key found;
    bool is_current = false;
    ASSERT_TRUE(keys.find(current.name.data(), found, is_current));
    EXPECT_TRUE(is_current);
    EXPECT_EQ(found.cipher, current.cipher);
    EXPECT_EQ(found.mac, current.mac);
}

TEST(TicketKeys, ANameThatDiffersInItsLastByteIsNotFound) {
    TicketKeys keys;
    auto name = keys.current().name;
    name.back() ^= 1U;
    TicketKeys::Key found;
    bool is_current = true;
    EXPECT_FALSE(keys.find(name.data(), found, is_current));
    EXPECT_FALSE(is_current);
}

TEST(TicketKeys, NoTwoSetsHaveAKeyInCommon) {
    TicketKeys keys;
    TicketKeys others;
    auto const key = keys.current();
    auto const other = others.current();
    EXPECT_NE(key.name, other.name);
    EXPECT_NE(key.cipher, other.cipher);
    EXPECT_NE(key.mac, other.mac);
    TicketKeys::Key found;
    bool is_current = false;
    EXPECT_FALSE(keys.find(other.name.data(), found, is_current));
}

TEST(TicketKeys, CipherAndMacKeysDiffer) {
    TicketKeys keys;
    auto const key = keys.current();
    EXPECT_NE(key.cipher, key.mac);
    EXPECT_NE(key.cipher, decltype(key.cipher){});
}

}  // namespace
}  // namespace sallyport::tls
