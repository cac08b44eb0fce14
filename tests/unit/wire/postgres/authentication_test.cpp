#include "unit/wire/postgres/samples.hpp"

#include <gtest/gtest.h>

namespace sallyport::postgres {
namespace {

using namespace samples;
using namespace std::literals;

TEST(PostgresAuth, RequestIsReadAndWritten) {
    auto const body = body_of(sasl_continue);
    auto const request = read_auth(body);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->kind, Auth::sasl_continue);
    EXPECT_TRUE(as_text(request->data).starts_with("r=B7U9"));
    EXPECT_EQ(write_auth(request->kind, request->data), sasl_continue);
    EXPECT_EQ(write_auth(Auth::ok), auth_ok);
}

TEST(PostgresAuth, RequestHasAKind) {
    EXPECT_EQ(read_auth(hex("000000")).error(), Errc::malformed);
    EXPECT_EQ(read_auth({}).error(), Errc::malformed);
    EXPECT_EQ(static_cast<std::uint32_t>(read_auth(hex("000003e8"))->kind), 1000U);
}

TEST(PostgresAuth, MechanismsAreReadAndWritten) {
    auto const body = body_of(sasl);
    EXPECT_EQ(*read_mechanisms(read_auth(body)->data), std::vector{"SCRAM-SHA-256"s});
    std::vector const both{"SCRAM-SHA-256-PLUS"s, "SCRAM-SHA-256"s};
    EXPECT_EQ(as_text(write_mechanisms(both)), "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"sv);
    EXPECT_EQ(*read_mechanisms(write_mechanisms(both)), both);
    EXPECT_TRUE(read_mechanisms(hex("00"))->empty());
}

TEST(PostgresAuth, MechanismsEndWithAnEmptyOne) {
    for (auto const* const data : {"", "41", "4100", "410000 00", "00 4100"})
        EXPECT_EQ(read_mechanisms(hex(data)).error(), Errc::malformed) << data;
}

TEST(PostgresAuth, SaslInitialIsReadAndWritten) {
    auto const initial = read_sasl_initial(body_of(sasl_initial));
    ASSERT_TRUE(initial);
    EXPECT_EQ(initial->mechanism, "SCRAM-SHA-256");
    EXPECT_EQ(initial->data, "n,,n=,r=B7U9OnQZTW6NZLpznbosaxvx");
    EXPECT_EQ(write_sasl_initial(*initial), sasl_initial);
}

TEST(PostgresAuth, SaslInitialMayHaveNoData) {
    auto const none = hex("4100 ffffffff");
    EXPECT_EQ(read_sasl_initial(none)->data, "");
    EXPECT_EQ(write_sasl_initial({"A", ""}), make_message('p', none));
    EXPECT_TRUE(read_sasl_initial(hex("4100 00000000")));
}

TEST(PostgresAuth, SaslInitialThatDoesNotFitIsMalformed) {
    for (auto const* const body :
         {"", "41", "4100", "4100 000000", "4100 00000001", "4100 00000001 6161", "4100 fffffffe",
          "4100 80000000 61", "4100 ffffffff 61"})
        EXPECT_EQ(read_sasl_initial(hex(body)).error(), Errc::malformed) << body;
}

TEST(PostgresAuth, PasswordIsReadAndWritten) {
    EXPECT_EQ(*read_password(hex("707700")), "pw");
    EXPECT_EQ(*read_password(hex("00")), "");
    EXPECT_EQ(write_password("pw"), hex("70 00000007 707700"));
}

TEST(PostgresAuth, PasswordEndsWithItsOnlyNul) {
    for (auto const* const body : {"", "7077", "70007700", "707700 00"})
        EXPECT_EQ(read_password(hex(body)).error(), Errc::malformed) << body;
}

}  // namespace
}  // namespace sallyport::postgres
