// What a refused client is told, as a table over every code on either leg (DESIGN section 8).
#include "gateway/postgres/refusal.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {
namespace {

using postgres::ServerError;

RefusedClient alice(bool is_tls = true) {
    return {.host = "192.0.2.1",
            .user = "alice",
            .database = "shop",
            .backend = "orders",
            .is_tls = is_tls,
            .version = 0x0002'0000};
}

std::optional<ServerError> told(Leg leg, Errc reason, Stage stage = Stage::login) {
    return refusal_for({leg, stage, reason}, alice());
}

std::string text(std::optional<ServerError> const& error) {
    return error ? error->severity + " " + error->code + " " + error->message : "";
}

constexpr auto no_entry =
    "FATAL 28000 no pg_hba.conf entry for host \"192.0.2.1\", user \"alice\", database \"shop\", "
    "SSL encryption";
constexpr auto unreachable =
    "FATAL 08006 could not connect to database server \"orders\" through sallyport; try again "
    "later";
constexpr auto bad_message =
    "FATAL 08P01 malformed or unexpected message before the end of the login";

/// What the front leg's failures say; a code that is not here says nothing.
std::map<Errc, std::string> const& front_texts() {
    static std::map<Errc, std::string> const texts{
        {Errc::tls_required, no_entry},
        {Errc::certificate_required, no_entry},
        {Errc::account_refused, no_entry},
        {Errc::too_many_sessions, "FATAL 53300 sorry, too many clients already"},
        {Errc::verifier_unavailable, unreachable},
        {Errc::binding_not_relayed,
         "FATAL 28000 SCRAM channel binding cannot be relayed to database server \"orders\": it "
         "has another certificate than sallyport"},
        {Errc::binding_wrong, "FATAL 28000 SCRAM channel binding check failed"},
        {Errc::timed_out, "FATAL 08P01 the login took too long"},
        {Errc::malformed, bad_message},
        {Errc::too_large, bad_message},
        {Errc::unexpected_packet, bad_message},
        {Errc::old_protocol,
         "FATAL 0A000 unsupported frontend protocol 2.0: server supports 3.0 to 3.2"},
    };
    return texts;
}

std::vector<Errc> every_code() {
    std::vector<Errc> codes;
    for (int i = 1; i <= static_cast<int>(Errc::address_in_use); ++i)
        codes.push_back(static_cast<Errc>(i));
    return codes;
}

class PostgresRefusal : public testing::TestWithParam<Errc> {};

TEST_P(PostgresRefusal, OnTheFrontLegIsTheTables) {
    auto const& texts = front_texts();
    auto const expected = texts.find(GetParam());
    EXPECT_EQ(text(told(Leg::front, GetParam())), expected == texts.end() ? "" : expected->second);
}

TEST_P(PostgresRefusal, OnTheBackLegIsThatTheDatabaseCannotBeReached) {
    for (Stage const stage : {Stage::dial, Stage::handshake, Stage::auth, Stage::relay})
        EXPECT_EQ(text(told(Leg::back, GetParam(), stage)), unreachable);
}

TEST_P(PostgresRefusal, InTheFrontLegsHandshakeIsTlssOwnBusiness) {
    EXPECT_EQ(told(Leg::front, GetParam(), Stage::handshake), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(EveryCode, PostgresRefusal, testing::ValuesIn(every_code()),
                         [](auto const& row) { return std::string(name(row.param)); });

TEST(PostgresRefusalText, SaysWhetherThereWasEncryption) {
    Ending const ending{Leg::front, Stage::login, Errc::tls_required};
    auto const plain = refusal_for(ending, alice(false));
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->message,
              "no pg_hba.conf entry for host \"192.0.2.1\", user \"alice\", database \"shop\", no "
              "encryption");
    EXPECT_NE(plain->hint.find("sslmode=require"), std::string::npos);
}

TEST(PostgresRefusalText, DoesNotSayWhichRuleIsNotMet) {
    auto const error = told(Leg::front, Errc::account_refused);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->hint, "");
    EXPECT_EQ(error->detail, "");
}

TEST(PostgresRefusalText, NamesEveryWayOutOfABindingThatCannotBeRelayed) {
    auto const error = told(Leg::front, Errc::binding_not_relayed, Stage::auth);
    ASSERT_TRUE(error);
    for (auto const* way : {"scram = \"verifier\"", "auth-user", "auth-file", "same certificate",
                            "scram = \"password\"", "channel_binding=disable"})
        EXPECT_NE(error->hint.find(way), std::string::npos) << way;
}

TEST(PostgresRefusalText, NamesTheVersionThatWasAskedFor) {
    auto client = alice();
    client.version = 0x270f'ffff;
    auto const error = refusal_for({Leg::front, Stage::opening, Errc::old_protocol}, client);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->message,
              "unsupported frontend protocol 9999.65535: server supports 3.0 to 3.2");
}

TEST(PostgresRefusalText, FitsIntoAnErrorResponse) {
    for (Errc const code : every_code()) {
        auto const error = told(Leg::front, code);
        if (!error) continue;
        auto const bytes = postgres::write_error(*error);
        auto const read = postgres::read_error(Bytes(bytes).subspan(postgres::message_head_size));
        ASSERT_TRUE(read) << name(code);
        EXPECT_EQ(text(*read), text(error));
        EXPECT_EQ(read->hint, error->hint);
    }
}

}  // namespace
}  // namespace sallyport::gateway
