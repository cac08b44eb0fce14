// TLS policy is data: each policy rendered is compared with its snapshot, so that a change of what
// is offered shows in a review. SALLYPORT_UPDATE_SNAPSHOTS=1 writes the snapshots anew.
#include "tls/policy.hpp"

#include "tls/handles.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace sallyport::tls {
namespace {

std::string rendered(Policy const& policy) {
    SslCtxPtr const context(SSL_CTX_new(TLS_server_method()));
    apply(policy, *context).value();
    return render(policy, *context);
}

void compare_with_snapshot(std::string const& name, std::string const& text) {
    auto const file = std::string(SALLYPORT_SOURCE_DIR "/tests/snapshots/policy/") + name + ".txt";
    if (std::getenv("SALLYPORT_UPDATE_SNAPSHOTS") != nullptr) std::ofstream(file) << text;
    std::ifstream in(file);
    ASSERT_TRUE(in) << file;
    std::ostringstream snapshot;
    snapshot << in.rdbuf();
    EXPECT_EQ(text, snapshot.str()) << file;
}

error_code outcome(Policy const& policy) {
    SslCtxPtr const context(SSL_CTX_new(TLS_server_method()));
    auto const applied = apply(policy, *context);
    return applied ? error_code() : applied.error();
}

bool contains(std::vector<std::string> const& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

TEST(Policy, IntermediateFromTls10IsItsSnapshot) {
    compare_with_snapshot("intermediate-tls1.0", rendered(intermediate(Version::tls_1_0)));
}

TEST(Policy, IntermediateFromTls12IsItsSnapshot) {
    compare_with_snapshot("intermediate-tls1.2", rendered(intermediate(Version::tls_1_2)));
}

TEST(Policy, IntermediateFromTls13IsItsSnapshot) {
    compare_with_snapshot("intermediate-tls1.3", rendered(intermediate(Version::tls_1_3)));
}

TEST(Policy, SetsEveryOptionItselfWhateverTheContextHadBefore) {
    SslCtxPtr const context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_clear_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), TLS1_1_VERSION);
    SSL_CTX_set_security_level(context.get(), 1);
    auto const policy = intermediate(Version::tls_1_2);
    apply(policy, *context).value();
    EXPECT_EQ(SSL_CTX_get_min_proto_version(context.get()), TLS1_2_VERSION);
    EXPECT_EQ(SSL_CTX_get_max_proto_version(context.get()), TLS1_3_VERSION);
    EXPECT_EQ(render(policy, *context), rendered(policy));
}

TEST(Policy, GroupsThatThisOpenSslDoesNotKnowAreLeftOut) {
    auto policy = intermediate(Version::tls_1_2);
    policy.groups = "no-such-group:X25519:neither-this:secp384r1";
    EXPECT_FALSE(outcome(policy));
    EXPECT_NE(rendered(policy).find("groups: X25519:secp384r1\n"), std::string::npos);
}

TEST(Policy, LeavingGroupsOutLeavesNoErrorBehind) {
    auto policy = intermediate(Version::tls_1_2);
    policy.groups = "no-such-group:X25519";
    outcome(policy);
    EXPECT_EQ(take_errors(), "unknown");
}

TEST(Policy, GroupsOfWhichNoneIsKnownAreInvalid) {
    auto policy = intermediate(Version::tls_1_2);
    policy.groups = "no-such-group";
    EXPECT_EQ(outcome(policy), Errc::file_invalid);
    take_errors();
}

TEST(Policy, ACipherListThatNamesNothingIsInvalid) {
    auto policy = intermediate(Version::tls_1_2);
    policy.cipher_list = "NO-SUCH-CIPHER";
    EXPECT_EQ(outcome(policy), Errc::file_invalid);
    EXPECT_NE(take_errors().find("no cipher match"), std::string::npos);
}

TEST(Policy, AnUnknownCiphersuiteIsInvalid) {
    auto policy = intermediate(Version::tls_1_2);
    policy.ciphersuites = "TLS_NO_SUCH_SUITE";
    EXPECT_EQ(outcome(policy), Errc::file_invalid);
    take_errors();
}

TEST(Policy, Tls13AloneNeedsNoOlderCiphers) {
    auto policy = intermediate(Version::tls_1_3);
    policy.cipher_list.clear();
    EXPECT_FALSE(outcome(policy));
}

TEST(Policy, OldVersionsBringTheirCbcSuitesAndNewOnesDoNot) {
    constexpr auto old = "ECDHE-RSA-AES128-SHA";
    EXPECT_TRUE(contains(cipher_names(intermediate(Version::tls_1_0)), old));
    EXPECT_TRUE(contains(cipher_names(intermediate(Version::tls_1_1)), old));
    EXPECT_FALSE(contains(cipher_names(intermediate(Version::tls_1_2)), old));
}

TEST(Policy, CipherNamesAndCiphersuiteNamesPartAtTls13) {
    auto const policy = intermediate(Version::tls_1_2);
    EXPECT_EQ(ciphersuite_names(policy),
              (std::vector<std::string>{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                        "TLS_CHACHA20_POLY1305_SHA256"}));
    auto const old = cipher_names(policy);
    EXPECT_EQ(old.front(), "ECDHE-ECDSA-AES128-GCM-SHA256");
    EXPECT_FALSE(contains(old, "TLS_AES_128_GCM_SHA256"));
}

TEST(Policy, CipherNamesFollowAListsOwnSyntaxAndOrder) {
    auto policy = intermediate(Version::tls_1_2);
    policy.cipher_list = "ECDHE+CHACHA20:ECDHE-RSA-AES256-GCM-SHA384";
    EXPECT_EQ(cipher_names(policy), (std::vector<std::string>{"ECDHE-ECDSA-CHACHA20-POLY1305",
                                                              "ECDHE-RSA-CHACHA20-POLY1305",
                                                              "ECDHE-RSA-AES256-GCM-SHA384"}));
}

TEST(Policy, ABadPolicyHasNoCiphers) {
    auto policy = intermediate(Version::tls_1_2);
    policy.cipher_list = "NO-SUCH-CIPHER";
    EXPECT_TRUE(cipher_names(policy).empty());
}

TEST(Policy, VersionsAreCalledAsOpenSslCallsThem) {
    EXPECT_EQ(name(Version::tls_1_0), "TLSv1");
    EXPECT_EQ(name(Version::tls_1_1), "TLSv1.1");
    EXPECT_EQ(name(Version::tls_1_2), "TLSv1.2");
    EXPECT_EQ(name(Version::tls_1_3), "TLSv1.3");
}

TEST(TakeErrors, GivesTheQueueOldestFirstAndEmptiesIt) {
    // OpenSSL loads libssl's texts with its first context.
    SslCtxPtr const context(SSL_CTX_new(TLS_method()));
    take_errors();
    ERR_raise(ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_PACKET);
    EXPECT_EQ(take_errors(), "no shared cipher; bad packet");
    EXPECT_EQ(take_errors(), "unknown");
}

}  // namespace
}  // namespace sallyport::tls
