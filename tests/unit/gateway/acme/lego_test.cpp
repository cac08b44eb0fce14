// What lego is told, and what its complaints mean.
#include "gateway/acme/lego.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace sallyport::gateway {
namespace {

config::Acme settings() {
    config::Acme acme;
    acme.directory_url = "https://acme.test/dir";
    acme.contact = "dba@example.test";
    acme.domains = {"a.test", "b.test"};
    acme.address.port = 80;
    return acme;
}

using Words = std::vector<std::string>;

TEST(LegoOrder, NamesTheServerTheAccountAndEveryDomain) {
    auto const order = lego_order("/usr/bin/lego", settings(), "/data/work");
    EXPECT_EQ(order.arguments,
              (Words{"--accept-tos", "--server", "https://acme.test/dir", "--email",
                     "dba@example.test", "--path", "/data/work", "--key-type", "ec256", "--domains",
                     "a.test", "--domains", "b.test", "--http", "--http.port", ":80", "run"}));
    EXPECT_EQ(order.directory, "/data/work");
    EXPECT_EQ(order.limit, settings().timeout);
}

TEST(LegoOrder, AnswersTheOtherChallengeWhereItIsTold) {
    auto acme = settings();
    acme.challenge = config::AcmeChallenge::tls_alpn_01;
    acme.address.host = "::1";
    acme.address.port = 8443;
    auto const words = lego_order("/usr/bin/lego", acme, "/data/work").arguments;
    auto const found = std::ranges::find(words, "--tls");
    ASSERT_NE(found, words.end());
    EXPECT_EQ(Words(found, words.end()), (Words{"--tls", "--tls.port", "[::1]:8443", "run"}));
}

TEST(LegoOrder, PassesOnOnlyTheWayToTheCa) {
    ::setenv("HTTPS_PROXY", "http://proxy.test:3128", 1);
    ::setenv("SALLYPORT_SECRET", "x", 1);
    auto acme = settings();
    acme.ca_file = "/etc/root.pem";
    auto const words = lego_order("/usr/bin/lego", acme, "/data/work").environment;
    auto const has = [&](auto const* text) {
        return std::ranges::find(words, text) != words.end();
    };
    EXPECT_TRUE(has("HOME=/data/work"));
    EXPECT_TRUE(has("LEGO_CA_CERTIFICATES=/etc/root.pem"));
    EXPECT_TRUE(has("HTTPS_PROXY=http://proxy.test:3128"));
    for (auto const& word : words) EXPECT_FALSE(word.starts_with("SALLYPORT_SECRET")) << word;
    ::unsetenv("HTTPS_PROXY");
    ::unsetenv("SALLYPORT_SECRET");
}

TEST(LegoLine, LosesItsClockOnly) {
    EXPECT_EQ(without_time("2026/11/23 01:05:24 [INFO] acme"), "[INFO] acme");
    EXPECT_EQ(without_time("\terror: one or more"), "\terror: one or more");
    EXPECT_EQ(without_time("2026/11/23 01:05:2x [INFO]"), "2026/11/23 01:05:2x [INFO]");
    EXPECT_EQ(without_time(""), "");
}

TEST(LegoHint, IsThatOfTheNearestCause) {
    struct Case {
        char const* complaint;
        char const* hint;
    };
    // As lego 4.9.1 writes them.
    constexpr std::array cases{
        Case{"get directory at 'https://x': Get \"https://x\": x509: certificate signed by unknown "
             "authority",
             "needs ca-file"},
        Case{"could not start HTTP server for challenge: listen tcp :80: bind: permission denied",
             "CAP_NET_BIND_SERVICE"},
        Case{"listen tcp :80: bind: address already in use", "another program has :80"},
        Case{"acme: error: 429 :: urn:ietf:params:acme:error:rateLimited :: timeout", "patience"},
        Case{"urn:ietf:params:acme:error:connection :: Connection refused", "port 80 of each"},
        Case{"urn:ietf:params:acme:error:externalAccountRequired", "external account binding"},
        Case{"urn:ietf:params:acme:error:accountDoesNotExist", "makes a new one"},
        Case{"urn:ietf:params:acme:error:rejectedIdentifier", "does not issue"},
        Case{"dial tcp: lookup acme.test: no such host", "must be reachable"},
    };
    for (auto const& each : cases)
        EXPECT_NE(hint_for(each.complaint, settings()).find(each.hint), std::string::npos)
            << each.complaint << "\n"
            << hint_for(each.complaint, settings());
    EXPECT_EQ(hint_for("something else", settings()), "");
}

}  // namespace
}  // namespace sallyport::gateway
