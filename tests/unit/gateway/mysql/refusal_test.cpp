// What a refused client is told, as a table over every code on either leg (DESIGN section 8).
#include "gateway/mysql/refusal.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

namespace sallyport::gateway {
namespace {

std::optional<mysql::ServerError> told(Leg leg, Errc reason, Stage stage = Stage::login) {
    return refusal_for({leg, stage, reason}, "orders", "alice", "192.0.2.1", true);
}

std::string text(std::optional<mysql::ServerError> const& error) {
    if (!error) return "";
    return std::to_string(error->code) + " " + error->sql_state + " " + error->message;
}

constexpr auto bad_handshake = "1043 08S01 Bad handshake";
constexpr auto denied =
    "1045 28000 Access denied for user 'alice'@'192.0.2.1' (using password: YES)";
constexpr auto unreachable =
    "1105 HY000 Can't connect to database server 'orders' through sallyport; try again later";

/// What the front leg's failures say; a code that is not here says nothing.
std::map<Errc, std::string> const& front_texts() {
    static std::map<Errc, std::string> const texts{
        {Errc::tls_required,
         "3159 HY000 Connections using insecure transport are prohibited while "
         "--require_secure_transport=ON."},
        {Errc::certificate_required, denied},
        {Errc::account_refused, denied},
        {Errc::too_many_sessions, "1040 08004 Too many connections"},
        {Errc::backend_unknown, unreachable},
        {Errc::malformed, bad_handshake},
        {Errc::too_large, bad_handshake},
        {Errc::old_protocol, bad_handshake},
        {Errc::capabilities_changed, bad_handshake},
        {Errc::unexpected_packet, bad_handshake},
    };
    return texts;
}

class Refusal : public testing::TestWithParam<Errc> {};

TEST_P(Refusal, OnTheFrontLegIsTheTables) {
    auto const& texts = front_texts();
    auto const expected = texts.find(GetParam());
    EXPECT_EQ(text(told(Leg::front, GetParam())), expected == texts.end() ? "" : expected->second);
}

TEST_P(Refusal, OnTheBackLegIsThatTheDatabaseCannotBeReached) {
    EXPECT_EQ(text(told(Leg::back, GetParam(), Stage::dial)), unreachable);
}

std::vector<Errc> every_code() {
    std::vector<Errc> codes;
    for (int i = 1; i <= static_cast<int>(Errc::address_in_use); ++i)
        codes.push_back(static_cast<Errc>(i));
    return codes;
}

INSTANTIATE_TEST_SUITE_P(EveryCode, Refusal, testing::ValuesIn(every_code()),
                         [](auto const& row) { return std::string(name(row.param)); });

TEST(RefusalText, InTheFrontLegsHandshakeIsTlssOwnBusiness) {
    for (Errc const code : every_code()) {
        // Found before the handshake or after it, never in it.
        bool const is_elsewhere = code == Errc::tls_required || code == Errc::account_refused ||
                                  code == Errc::too_many_sessions || code == Errc::backend_unknown;
        if (!is_elsewhere) {
            EXPECT_EQ(text(told(Leg::front, code, Stage::handshake)), "") << name(code);
        }
    }
}

TEST(RefusalText, SaysWhenNoPasswordWasGiven) {
    auto const error = refusal_for({Leg::front, Stage::login, Errc::account_refused}, "orders",
                                   "bob", "localhost", false);
    EXPECT_EQ(text(error),
              "1045 28000 Access denied for user 'bob'@'localhost' (using password: NO)");
}

TEST(RefusalText, FitsIntoAnErrorPacket) {
    for (Errc const code : every_code())
        if (auto const error = told(Leg::front, code)) {
            auto const read = mysql::read_error(mysql::write_error(*error));
            ASSERT_TRUE(read) << name(code);
            EXPECT_EQ(text(*read), text(error));
        }
}

}  // namespace
}  // namespace sallyport::gateway
