#include "config/address.hpp"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

TEST(Address, IsWrittenAsItWasRead) {
    for (char const* const text :
         {"0.0.0.0:3306", "db1.internal:3306", "localhost:1", "db_1:65535", "[::]:3306",
          "[fe80::1%eth0]:3306", "unix:/run/mysqld/mysqld.sock"}) {
        Address address;
        EXPECT_EQ(parse_address(text, "/etc", address), "") << text;
        EXPECT_EQ(address.to_string(), text);
    }
}

TEST(Address, HasNoBracketsInItsHost) {
    Address address;
    ASSERT_EQ(parse_address("[::1]:3306", "/etc", address), "");
    EXPECT_EQ(address, (Address{.host = "::1", .port = 3306, .socket = {}}));
}

TEST(Address, OfASocketStartsAtTheDirectory) {
    Address address;
    ASSERT_EQ(parse_address("unix:../run/a.sock", "/etc/sallyport", address), "");
    EXPECT_EQ(address.to_string(), "unix:/etc/run/a.sock");
    // The limit is the system's, so it is about the whole path.
    EXPECT_EQ(parse_address("unix:a.sock", "/" + std::string(100, 'd'), address),
              "is too long for a Unix socket (107 bytes)");
    EXPECT_EQ(parse_address("unix:a.sock", "/" + std::string(99, 'd'), address), "");
}

TEST(Address, SaysWhatIsWrong) {
    struct Row {
        std::string text;
        std::string wrong;
    };
    for (Row const& row : std::initializer_list<Row>{
             {"", "has no port"},
             {"db1", "has no port"},
             {"3306", "has no port"},
             {"db1:", "has no port between 1 and 65535"},
             {"db1:0", "has no port between 1 and 65535"},
             {"db1:65536", "has no port between 1 and 65535"},
             {"db1:+1", "has no port between 1 and 65535"},
             {"db1:33o6", "has no port between 1 and 65535"},
             {":3306", "has no host"},
             {"[]:3306", "has no host"},
             {"::1:3306", "is IPv6 without brackets"},
             {"[127.0.0.1]:3306", "is no IPv6 address"},
             {"[::1:3306", "is IPv6 without brackets"},
             {"10.0.0.256:3306", "is neither an IP address nor a host name"},
             {"db 1:3306", "is neither an IP address nor a host name"},
             {"-db:3306", "is neither an IP address nor a host name"},
             {std::string(254, 'a') + ":1", "is neither an IP address nor a host name"},
             {"unix:", "names no path after \"unix:\""},
             {"unix:/" + std::string(107, 'a'), "is too long for a Unix socket (107 bytes)"},
         }) {
        Address address;
        EXPECT_EQ(parse_address(row.text, "/etc", address), row.wrong) << row.text;
        EXPECT_EQ(address, Address{}) << row.text;
    }
}

TEST(Address, IsLocalWherePacketsStayOnTheMachine) {
    for (char const* const text :
         {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:/a"}) {
        Address address;
        ASSERT_EQ(parse_address(text, "/etc", address), "");
        EXPECT_TRUE(is_local(address)) << text;
    }
    for (char const* const text : {"10.0.0.1:1", "127.example.org:1", "[::2]:1", "db1:1"}) {
        Address address;
        ASSERT_EQ(parse_address(text, "/etc", address), "");
        EXPECT_FALSE(is_local(address)) << text;
    }
}

}  // namespace
}  // namespace sallyport::config
