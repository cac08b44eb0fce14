#include "unit/wire/postgres/samples.hpp"

#include <gtest/gtest.h>

namespace sallyport::postgres {
namespace {

using namespace samples;

Buffer startup_of(std::vector<std::pair<std::string, std::string>> parameters) {
    return write_startup(protocol_3_0, parameters);
}

TEST(PostgresStartup, IsRead) {
    auto const read = read_startup(startup);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->protocol, protocol_3_0);
    EXPECT_EQ(read->user(), "a");
    EXPECT_EQ(read->database(), "postgres");
    EXPECT_EQ(read->find("application_name"), "psql");
    EXPECT_EQ(read->find("options"), "");
    EXPECT_EQ(read->parameters.size(), 3U);
    EXPECT_EQ(read->packet, startup);
}

TEST(PostgresStartup, IsWrittenAsItWasRead) {
    EXPECT_EQ(write_startup(protocol_3_0, read_startup(startup)->parameters), startup);
    auto const with_empty_value = startup_of({{"user", "a"}, {"options", ""}});
    EXPECT_EQ(startup_of(read_startup(with_empty_value)->parameters), with_empty_value);
}

TEST(PostgresStartup, DatabaseIsTheUsersUnlessNamed) {
    EXPECT_EQ(read_startup(startup_of({{"user", "a"}}))->database(), "a");
    EXPECT_EQ(read_startup(startup_of({{"user", "a"}, {"database", ""}}))->database(), "a");
}

// As the server has it. Otherwise rules would be judged for one user, and the other logged in.
TEST(PostgresStartup, LastOfTwoEqualNamesCounts) {
    auto const twice = read_startup(startup_of({{"user", "a"}, {"user", "b"}}));
    EXPECT_EQ(twice->user(), "b");
    EXPECT_EQ(read_startup(startup_of({{"user", "a"}, {"user", ""}})).error(), Errc::malformed);
}

// CockroachDB would take it for the user; a rule for the other one would be talked past.
TEST(PostgresStartup, UserAndDatabaseAreWrittenInOneWayOnly) {
    for (std::string const name : {"USER", "User", "DATABASE", "databasE"}) {
        auto const packet = startup_of({{"user", "a"}, {name, "b"}});
        EXPECT_EQ(read_startup(packet).error(), Errc::malformed) << name;
    }
    EXPECT_TRUE(read_startup(startup_of({{"user", "a"}, {"TimeZone", "UTC"}})));
}

TEST(PostgresStartup, NeedsAUser) {
    EXPECT_EQ(read_startup(startup_of({})).error(), Errc::malformed);
    EXPECT_EQ(read_startup(startup_of({{"database", "d"}})).error(), Errc::malformed);
    EXPECT_EQ(read_startup(startup_of({{"user", ""}})).error(), Errc::malformed);
}

TEST(PostgresStartup, EveryTextHasItsNulAndTheListItsEnd) {
    for (std::size_t size = 0; size < startup.size(); ++size) {
        auto shorter = Buffer(startup.begin(), startup.begin() + static_cast<long>(size));
        EXPECT_EQ(read_startup(shorter).error(), Errc::malformed) << size;
        if (size < opening_head_size) continue;
        shorter[3] = static_cast<std::byte>(size);
        EXPECT_EQ(read_startup(shorter).error(), Errc::malformed) << size;
    }
    auto longer = startup + hex("00");
    EXPECT_EQ(read_startup(longer).error(), Errc::malformed);
    longer[3] = std::byte{0x39};
    EXPECT_EQ(read_startup(longer).error(), Errc::malformed);
}

TEST(PostgresStartup, OtherVersionsAndSizesAreRefused) {
    auto old = startup;
    old[5] = std::byte{2};
    EXPECT_EQ(read_startup(old).error(), Errc::old_protocol);
    auto const large = startup_of({{"user", std::string(max_startup, 'a')}});
    EXPECT_EQ(read_startup(large).error(), Errc::too_large);
}

TEST(PostgresSslRequest, IsWritten) {
    EXPECT_EQ(write_ssl_request(), ssl_request);
    auto const head = read_opening_head(ssl_request);
    EXPECT_EQ(head.length, opening_head_size);
    EXPECT_EQ(head.code, opening::ssl_request);
}

TEST(PostgresCancelRequest, IsReadAndWritten) {
    auto const key = read_cancel_request(short_cancel);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->process, 0x3b56U);
    EXPECT_EQ(key->secret, hex("c9f666ab"));
    EXPECT_EQ(write_cancel_request(*key), short_cancel);
    EXPECT_EQ(write_cancel_request(*read_cancel_request(long_cancel)), long_cancel);
}

TEST(PostgresCancelRequest, AsksWithTheKeyThatWasGivenOut) {
    EXPECT_EQ(*read_cancel_request(short_cancel), *read_backend_key(body_of(short_key)));
    EXPECT_EQ(*read_cancel_request(long_cancel), *read_backend_key(body_of(long_key)));
}

TEST(PostgresCancelRequest, SecretHasALimitOnBothSides) {
    for (std::size_t const size : {4U, 5U, 255U, 256U})
        EXPECT_TRUE(read_cancel_request(write_cancel_request({1, Buffer(size)}))) << size;
    for (std::size_t const size : {0U, 3U, 257U})
        EXPECT_EQ(read_cancel_request(write_cancel_request({1, Buffer(size)})).error(),
                  Errc::malformed)
            << size;
}

TEST(PostgresCancelRequest, LengthAndCodeMustBeItsOwn) {
    auto wrong_length = short_cancel;
    wrong_length[3] = std::byte{0x11};
    EXPECT_EQ(read_cancel_request(wrong_length).error(), Errc::malformed);
    auto wrong_code = short_cancel;
    wrong_code[7] ^= std::byte{1};
    EXPECT_EQ(read_cancel_request(wrong_code).error(), Errc::malformed);
    EXPECT_EQ(read_cancel_request({}).error(), Errc::malformed);
}

}  // namespace
}  // namespace sallyport::postgres
