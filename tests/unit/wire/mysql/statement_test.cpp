#include "wire/mysql/statement.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sallyport::mysql {
namespace {

using Kind = Statement::Kind;

TEST(Statement, KillsByNumber) {
    for (std::string const text :
         {"KILL 1073741825", "kill 1073741825;", " \n\tKill Query 1073741825 ; ",
          "KILL HARD CONNECTION 1073741825", "KILL SOFT QUERY 1073741825",
          "/* by hand */ kill/**/connection -- why\n 1073741825 # bye",
          "KILL\r\n1073741825/* */;--", "# first\nKILL 1073741825"}) {
        auto const statement = recognise(text);
        EXPECT_EQ(statement.kind, Kind::kill) << text;
        EXPECT_EQ(statement.number, "1073741825") << text;
    }
}

TEST(Statement, OtherKillsAreOther) {
    for (std::string const text : {"KILL",
                                   "KILL QUERY",
                                   "KILL QUERY ID 1073741825",
                                   "KILL USER u",
                                   "KILL 1073741825.5",
                                   "KILL 1073741825 + 1",
                                   "KILL (1073741825)",
                                   "KILL 1073741825; SELECT 1",
                                   "KILL 1073741825;;",
                                   "KILL 1073741825x",
                                   "KILL @id",
                                   "KILLER 1073741825",
                                   "KILL -5",
                                   "SELECT 'KILL 1073741825'",
                                   "/*!50000 KILL 1073741825 */",
                                   "/*! EXPLAIN */ KILL 1073741825",
                                   "/*M! KILL 1073741825 */",
                                   "--x\nKILL 1073741825",
                                   "-- KILL 1073741825",
                                   "/* KILL 1073741825",
                                   "KILL1073741825",
                                   ""})
        EXPECT_EQ(recognise(text).kind, Kind::other) << text;
}

TEST(Statement, Reloads) {
    for (std::string const text :
         {"ALTER INSTANCE RELOAD TLS", "alter instance reload tls;",
          "ALTER INSTANCE RELOAD TLS NO ROLLBACK ON ERROR",
          "ALTER INSTANCE RELOAD TLS FOR CHANNEL mysql_main NO ROLLBACK ON ERROR", "FLUSH SSL",
          "flush local ssl ;", "FLUSH NO_WRITE_TO_BINLOG SSL"})
        EXPECT_EQ(recognise(text).kind, Kind::reload) << text;
}

TEST(Statement, OtherReloadsAreOther) {
    for (std::string const text :
         {"ALTER INSTANCE RELOAD TLS FOR", "ALTER INSTANCE RELOAD KEYRING", "ALTER TABLE tls",
          "ALTER INSTANCE RELOAD TLS NO ROLLBACK", "FLUSH TABLES", "FLUSH SSL, TABLES",
          "FLUSH SSL; SELECT 1", "FLUSH", "FLUSH LOCAL", "ALTER INSTANCE ROTATE INNODB MASTER KEY"})
        EXPECT_EQ(recognise(text).kind, Kind::other) << text;
}

TEST(Statement, BeginningsThatMayBecomeOurs) {
    for (std::string const text : {"", " ", "/", "/* x", "/* x */", "-", "--", "-- x", "# x\n", "k",
                                   "KIL", "KILL", "kill ", "KILL anything", "al", "FLUSH T", "f"})
        EXPECT_TRUE(may_become_ours(text)) << text;
    for (std::string const text : {"S", "KI L", "KILLX", "insert", "FLOOR", "(", ";", "/x", "/*!",
                                   "KILLER", "/* x */ s", "flush_", "0"})
        EXPECT_FALSE(may_become_ours(text)) << text;
}

// Holding goes by beginnings: every beginning of a statement of ours must be held.
TEST(Statement, EveryBeginningOfOursMayBecomeOurs) {
    for (std::string const text :
         {"/* a */ KILL QUERY 1073741825;", "-- a\nalter instance reload tls", "#a\n flush ssl"})
        for (std::size_t size = 0; size < text.size(); ++size)
            EXPECT_TRUE(may_become_ours(text.substr(0, size))) << text.substr(0, size);
}

}  // namespace
}  // namespace sallyport::mysql
