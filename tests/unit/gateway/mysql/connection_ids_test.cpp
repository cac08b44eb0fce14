// Connection ids of our own: never a backend's, never one that is alive, and only for its server.
#include "gateway/mysql/connection_ids.hpp"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

TEST(ConnectionIds, CountWithTheBitThatNoBackendReaches) {
    ConnectionIds ids;
    EXPECT_EQ(ids.next(), mysql::own_id_bit | 1U);
    EXPECT_EQ(ids.next(), mysql::own_id_bit | 2U);
}

TEST(ConnectionIds, PassOverOneThatIsAlive) {
    ConnectionIds ids;
    ids.add(mysql::own_id_bit | 1U, "db1:3306", 7);
    EXPECT_EQ(ids.next(), mysql::own_id_bit | 2U);
}

TEST(ConnectionIds, FindTheDatabasesId) {
    ConnectionIds ids;
    auto const ours = ids.next();
    ids.add(ours, "db1:3306", 77);
    EXPECT_EQ(ids.find(ours, "db1:3306"), 77U);
}

TEST(ConnectionIds, FindNothingOnAnotherServer) {
    ConnectionIds ids;
    auto const ours = ids.next();
    ids.add(ours, "db1:3306", 77);
    EXPECT_FALSE(ids.find(ours, "db2:3306"));
}

TEST(ConnectionIds, FindNothingForOneThatWasNeverOrIsNoMore) {
    ConnectionIds ids;
    auto const ours = ids.next();
    EXPECT_FALSE(ids.find(ours, "db1:3306"));
    ids.add(ours, "db1:3306", 77);
    ids.remove(ours);
    EXPECT_FALSE(ids.find(ours, "db1:3306"));
    ids.remove(ours);
}

TEST(ConnectionIds, ALaterEntryReplacesAnEarlierOne) {
    ConnectionIds ids;
    ids.add(5, "db1:3306", 77);
    ids.add(5, "db2:3306", 88);
    EXPECT_FALSE(ids.find(5, "db1:3306"));
    EXPECT_EQ(ids.find(5, "db2:3306"), 88U);
}

}  // namespace
}  // namespace sallyport::gateway
