#include "config/require_clause.hpp"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

struct Good {
    char const* clause;
    bool ssl;
    bool x509;
    char const* subject;
    char const* issuer;
    char const* cipher;
};

TEST(RequireClause, IsReadAsMySqlReadsIt) {
    for (Good const& row : std::initializer_list<Good>{
             {"NONE", false, false, "", "", ""},
             {"SSL", true, false, "", "", ""},
             {"ssl", true, false, "", "", ""},
             {"require x509", true, true, "", "", ""},
             {"CIPHER 'TLS_AES_256_GCM_SHA384'", true, false, "", "", "TLS_AES_256_GCM_SHA384"},
             {"SUBJECT '/CN=alice'", true, true, "/CN=alice", "", ""},
             {"ISSUER'/CN=CA'", true, true, "", "/CN=CA", ""},
             {"SUBJECT '/CN=a' AND ISSUER '/CN=b' AND CIPHER 'c'", true, true, "/CN=a", "/CN=b",
              "c"},
             {"subject '/CN=a'\n issuer '/CN=b' and cipher 'c'", true, true, "/CN=a", "/CN=b", "c"},
             {"SUBJECT '/CN=O''Neill'", true, true, "/CN=O'Neill", "", ""},
             {"SUBJECT \"/CN=O'Neill\"", true, true, "/CN=O'Neill", "", ""},
             {"SUBJECT '/CN=\\xC3\\xA9'", true, true, "/CN=\\xC3\\xA9", "", ""},
             {"SUBJECT '/CN= AND '", true, true, "/CN= AND ", "", ""},
         }) {
        AccountRule rule;
        EXPECT_EQ(parse_require(row.clause, rule), "") << row.clause;
        EXPECT_EQ(rule.ssl, row.ssl) << row.clause;
        EXPECT_EQ(rule.x509, row.x509) << row.clause;
        EXPECT_EQ(rule.subject, row.subject) << row.clause;
        EXPECT_EQ(rule.issuer, row.issuer) << row.clause;
        EXPECT_EQ(rule.cipher, row.cipher) << row.clause;
    }
}

TEST(RequireClause, SaysWhatIsWrong) {
    struct Row {
        char const* clause;
        char const* wrong;
    };
    for (Row const& row : std::initializer_list<Row>{
             {"", "is empty"},
             {"  ", "is empty"},
             {"REQUIRE", "demands nothing"},
             {"NONE AND SSL", "has more after NONE"},
             {"TLS", "has the unknown word TLS"},
             {"SSL AND", "has nothing after AND"},
             {"AND SSL", "has the unknown word AND"},
             {"SSL AND AND X509", "has the unknown word AND"},
             {"SSL NONE", "has the unknown word NONE"},
             {"SUBJECT", "has no text in quotes after SUBJECT"},
             {"SUBJECT /CN=a", "has no text in quotes after SUBJECT"},
             {"SUBJECT ''", "has no text in quotes after SUBJECT"},
             {"SUBJECT '/CN=a", "has a quote that does not end"},
             {"SUBJECT '/CN=a''", "has a quote that does not end"},
             {"'/CN=a'", "has '/CN=a' without a word before it"},
             {"X509 '/CN=a'", "has '/CN=a' without a word before it"},
             {"CIPHER 'a' CIPHER 'b'", "has CIPHER twice"},
         }) {
        AccountRule rule;
        EXPECT_EQ(parse_require(row.clause, rule), row.wrong) << row.clause;
    }
}

}  // namespace
}  // namespace sallyport::config
