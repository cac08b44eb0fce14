// SCRAM as a client: what libpq says, what no server may talk it into, and both sides together.
#include "identity/scram_crypto.hpp"
#include "unit/identity/scram_support.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sallyport::identity {
namespace {

ScramClient begun(Buffer end_point = {}) {
    ScramClient client(std::move(end_point), test::client_nonce);
    client.first();
    return client;
}
ScramClient challenged(Buffer end_point = {}) {
    auto client = begun(std::move(end_point));
    client.challenge(test::server_first).value();
    return client;
}
ScramClient proved() {
    auto client = challenged();
    client.prove(test::keys());
    return client;
}

TEST(ScramClient, LogsInWithoutBinding) {
    ScramClient client({}, test::client_nonce);
    EXPECT_EQ(client.mechanism(), scram);
    EXPECT_EQ(client.first(), test::anonymous_first);
    ASSERT_TRUE(client.challenge(test::server_first));
    EXPECT_EQ(client.salt(), test::salt);
    EXPECT_EQ(client.iterations(), 4096U);
    EXPECT_EQ(client.prove(test::keys()), test::anonymous_final);
    EXPECT_TRUE(client.verify(test::anonymous_server_final));
}

TEST(ScramClient, LogsInWithBinding) {
    ScramClient client(test::end_point(), test::client_nonce);
    EXPECT_EQ(client.mechanism(), scram_plus);
    EXPECT_EQ(client.first(), test::bound_first);
    ASSERT_TRUE(client.challenge(test::server_first));
    EXPECT_EQ(client.prove(test::keys()), test::bound_final);
    EXPECT_TRUE(client.verify(test::bound_server_final));
}

// So that a database that did offer it learns that somebody has taken it off the list.
TEST(ScramClient, SaysThatItWouldHaveBound) {
    ScramClient client(test::end_point(), test::client_nonce);
    client.miss_binding();
    EXPECT_EQ(client.mechanism(), scram);
    EXPECT_EQ(client.first().substr(0, 3), "y,,");
    ASSERT_TRUE(client.challenge(test::server_first));
    EXPECT_EQ(client.prove(test::keys()).substr(0, 7), "c=eSws,");
}

TEST(ScramClient, TakesNoNonceThatIsNotItsOwnAndMore) {
    auto const rest = ",s=" + test::salt + ",i=4096";
    for (std::string const& bad :
         {test::client_nonce, std::string("x"), test::server_nonce, "x" + test::nonce,
          test::client_nonce.substr(0, 5) + test::server_nonce})
        EXPECT_EQ(begun().challenge("r=" + bad + rest).error(), Errc::malformed) << bad;
    EXPECT_TRUE(begun().challenge("r=" + test::client_nonce + "x" + rest));
}

TEST(ScramClient, TakesNoMoreIterationsThanTheLimit) {
    auto const start = "r=" + test::nonce + ",s=" + test::salt + ",i=";
    EXPECT_TRUE(begun().challenge(start + "1000000"));
    for (std::string const bad : {"1000001", "2147483647", "0", "-1", "", "x"})
        EXPECT_EQ(begun().challenge(start + bad).error(), Errc::malformed) << bad;
}

TEST(ScramClient, TakesNoMalformedChallenge) {
    auto const nonce = "r=" + test::nonce;
    for (std::string const& bad : {std::string(), nonce, nonce + ",s=,i=1", nonce + ",s=AB==,i=1",
                                   nonce + ",s=####,i=1", "m=x," + test::server_first})
        EXPECT_EQ(begun().challenge(bad).error(), Errc::malformed) << bad;
}

TEST(ScramClient, FailsWithEverythingRightButTheProof) {
    auto const start = test::bound_final.substr(0, test::bound_final.find(",p="));
    auto const one = challenged(test::end_point()).fail();
    EXPECT_EQ(one.substr(0, start.size()), start);
    EXPECT_TRUE(digest_from_base64(std::string_view(one).substr(start.size() + 3)));
    EXPECT_NE(one, test::bound_final);
    EXPECT_NE(challenged(test::end_point()).fail(), one);
}

TEST(ScramClient, KnowsAServerThatDoesNotKnowTheServerKey) {
    auto const& good = test::anonymous_server_final;
    auto const signature = digest_from_base64(std::string_view(good).substr(2)).value();
    for (std::size_t i = 0; i < signature.size(); ++i) {
        auto bad = signature;
        bad[i] ^= std::byte{0x80};
        EXPECT_EQ(proved().verify("v=" + to_base64(bad)).error(), Errc::certificate_untrusted);
    }
}

TEST(ScramClient, TakesNoMalformedLastWord) {
    for (std::string const& bad : {std::string(), std::string("v="), std::string("v=AAAA"),
                                   "x=" + test::anonymous_server_final.substr(2)})
        EXPECT_EQ(proved().verify(bad).error(), Errc::malformed) << bad;
    EXPECT_EQ(proved().verify("e=invalid-proof").error(), Errc::backend_refused);
}

TEST(ScramClient, BelievesNobodyBeforeItHasProvedItself) {
    auto const zeros = "v=" + to_base64(Digest{});
    EXPECT_EQ(ScramClient({}).verify(zeros).error(), Errc::unexpected_packet);
    EXPECT_EQ(challenged().verify(zeros).error(), Errc::unexpected_packet);
    auto failed = challenged();
    failed.fail();
    EXPECT_EQ(failed.verify(zeros).error(), Errc::unexpected_packet);
}

TEST(ScramClient, SaysNothingOutOfTurn) {
    ScramClient fresh({});
    EXPECT_THROW(fresh.prove(test::keys()), std::logic_error);
    EXPECT_THROW(fresh.fail(), std::logic_error);
    EXPECT_THROW(begun().prove(test::keys()), std::logic_error);
    EXPECT_THROW(begun().first(), std::logic_error);
    EXPECT_THROW(proved().prove(test::keys()), std::logic_error);
    EXPECT_THROW(proved().fail(), std::logic_error);
    EXPECT_EQ(ScramClient({}).challenge(test::server_first).error(), Errc::unexpected_packet);
    EXPECT_EQ(challenged().challenge(test::server_first).error(), Errc::unexpected_packet);
    auto refused = begun();
    EXPECT_FALSE(refused.challenge(""));
    EXPECT_EQ(refused.challenge(test::server_first).error(), Errc::unexpected_packet);
}

/// A client's keys travel from the one leg's exchange to the other's, bound to another certificate
/// there, without a password.
TEST(Scram, PassesALoginOn) {
    Buffer const ours(32, std::byte{1});
    Buffer const theirs(48, std::byte{2});
    ScramClient client(ours);
    ScramServer front(ours);
    ScramClient back(theirs);
    ScramServer database(theirs);

    front.first(client.mechanism(), client.first()).value();
    database.first(back.mechanism(), back.first()).value();
    back.challenge(database.challenge(test::salt, 4096)).value();
    client.challenge(front.challenge(back.salt(), back.iterations())).value();

    auto const keys = front.prove(client.prove(test::keys()), test::verifier()).value();
    EXPECT_TRUE(client.verify(front.final()));
    EXPECT_TRUE(database.prove(back.prove(keys), test::verifier()));
    EXPECT_TRUE(back.verify(database.final()));
}

}  // namespace
}  // namespace sallyport::identity
