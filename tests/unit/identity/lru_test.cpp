// The bounded map forgets the least recently used, and says whom.
#include "identity/lru.hpp"

#include <gtest/gtest.h>

namespace sallyport::identity {
namespace {

TEST(Lru, ForgetsTheLeastRecentlyUsed) {
    Lru<int> map(2);
    EXPECT_FALSE(map.put("a", 1));
    EXPECT_FALSE(map.put("b", 2));
    ASSERT_NE(map.find("a"), nullptr);
    auto const forgotten = map.put("c", 3);
    ASSERT_TRUE(forgotten);
    EXPECT_EQ(forgotten->first, "b");
    EXPECT_EQ(forgotten->second, 2);
    EXPECT_EQ(map.find("b"), nullptr);
    EXPECT_EQ(*map.find("a"), 1);
    EXPECT_EQ(*map.find("c"), 3);
    EXPECT_EQ(map.size(), 2U);
}

TEST(Lru, ReplacingCountsAsAUse) {
    Lru<int> map(2);
    map.put("a", 1);
    map.put("b", 2);
    EXPECT_FALSE(map.put("a", 10));
    EXPECT_EQ(map.put("c", 3)->first, "b");
    EXPECT_EQ(*map.find("a"), 10);
}

TEST(Lru, PeekingDoesNotCountAsAUse) {
    Lru<int> map(2);
    map.put("a", 1);
    map.put("b", 2);
    ASSERT_NE(map.peek("a"), nullptr);
    EXPECT_EQ(map.peek("x"), nullptr);
    EXPECT_EQ(map.put("c", 3)->first, "a");
}

TEST(Lru, AnErasedKeyIsGoneAndLeavesItsPlaceToAnother) {
    Lru<int> map(2);
    map.put("a", 1);
    map.put("b", 2);
    map.erase("a");
    map.erase("x");
    EXPECT_EQ(map.find("a"), nullptr);
    EXPECT_EQ(map.size(), 1U);
    EXPECT_FALSE(map.put("c", 3));
    EXPECT_EQ(*map.find("b"), 2);
}

}  // namespace
}  // namespace sallyport::identity
