// SCRAM as a server: RFC 7677's exchange, and PostgreSQL's rules for everything that deviates.
#include "identity/scram_crypto.hpp"
#include "unit/identity/scram_support.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace sallyport::identity {
namespace {

/// A server with RFC 7677's nonce, to which the client has said `first`.
ScramServer begun(std::string_view mechanism, std::string_view first, Buffer end_point = {}) {
    ScramServer server(std::move(end_point), test::server_nonce);
    server.first(mechanism, first).value();
    return server;
}
ScramServer challenged(std::string_view mechanism = scram,
                       std::string_view first = test::client_first, Buffer end_point = {}) {
    auto server = begun(mechanism, first, std::move(end_point));
    server.challenge(test::salt, 4096);
    return server;
}
ScramServer challenged_with_binding() {
    return challenged(scram_plus, test::bound_first, test::end_point());
}
error_code first_error(std::string_view mechanism, std::string_view first, Buffer end_point = {}) {
    auto const taken = ScramServer(std::move(end_point)).first(mechanism, first);
    return taken ? error_code() : taken.error();
}
std::string with_binding(std::string const& final, std::string_view binding) {
    return "c=" + to_base64(as_bytes(binding)) + final.substr(final.find(','));
}
std::string with_proof(std::string const& final, std::string_view proof) {
    return final.substr(0, final.find(",p=")) + ",p=" + std::string(proof);
}

TEST(ScramServer, FollowsTheExchangeOfRfc7677) {
    ScramServer server({}, test::server_nonce);
    ASSERT_TRUE(server.first(scram, test::client_first));
    EXPECT_EQ(server.challenge(test::salt, 4096), test::server_first);
    auto const keys = server.prove(test::client_final, test::verifier());
    ASSERT_TRUE(keys) << keys.error();
    EXPECT_EQ(server.final(), test::server_final);
}

TEST(ScramServer, FindsTheClientsKeysInItsProof) {
    auto const keys = challenged().prove(test::client_final, test::verifier()).value();
    EXPECT_EQ(to_base64(keys.client_key), to_base64(test::keys().client_key));
    EXPECT_EQ(to_base64(keys.server_key), to_base64(test::keys().server_key));
}

TEST(ScramServer, TakesABoundLogin) {
    auto server = challenged_with_binding();
    auto const keys = server.prove(test::bound_final, test::verifier());
    ASSERT_TRUE(keys) << keys.error();
    EXPECT_EQ(server.final(), test::bound_server_final);
}

TEST(ScramServer, TakesAClientThatDoesNotBindWhereItCould) {
    auto server = challenged(scram, test::anonymous_first, test::end_point());
    EXPECT_TRUE(server.prove(test::anonymous_final, test::verifier()));
}

TEST(ScramServer, TakesAClientThatWouldBindWhereNobodyCan) {
    // "eSws" is the y,, that the client began with.
    auto server = challenged(scram, "y,,n=,r=" + test::client_nonce);
    auto const proved =
        server.prove("c=eSws,r=" + test::nonce + ",p=" + to_base64(Digest{}), test::verifier());
    EXPECT_EQ(proved.error(), Errc::account_refused);  // and not the binding
}

TEST(ScramServer, SeesThatItsOfferWasHiddenFromTheClient) {
    EXPECT_EQ(first_error(scram, "y,,n=,r=abc", test::end_point()), Errc::binding_wrong);
}

TEST(ScramServer, WantsMechanismAndFlagToAgree) {
    auto const end_point = test::end_point();
    EXPECT_EQ(first_error(scram, test::bound_first, end_point), Errc::malformed);
    EXPECT_EQ(first_error(scram_plus, test::anonymous_first, end_point), Errc::malformed);
    EXPECT_EQ(first_error(scram_plus, "y,,n=,r=abc", end_point), Errc::malformed);
    EXPECT_EQ(first_error(scram_plus, "p=tls-unique,,n=,r=abc", end_point), Errc::malformed);
    EXPECT_FALSE(first_error(scram_plus, test::bound_first, end_point));
}

TEST(ScramServer, TakesNoMechanismThatItDoesNotOffer) {
    EXPECT_EQ(first_error(scram_plus, test::bound_first), Errc::malformed);
    for (std::string_view const other : {"", "SCRAM-SHA-1", "SCRAM-SHA-256-", "scram-sha-256"})
        EXPECT_EQ(first_error(other, test::client_first), Errc::malformed) << other;
}

TEST(ScramServer, TakesNoMalformedFirstMessage) {
    for (std::string const& bad : {std::string(), std::string("n,a=admin,n=,r=abc"),
                                   std::string("n,,n=,r="), std::string("x,,n=,r=abc")})
        EXPECT_EQ(first_error(scram, bad), Errc::malformed) << bad;
}

TEST(ScramServer, RefusesAnotherCertificatesBinding) {
    auto const other = "p=tls-server-end-point,," + std::string(32, 'x');
    EXPECT_EQ(challenged_with_binding()
                  .prove(with_binding(test::bound_final, other), test::verifier())
                  .error(),
              Errc::binding_wrong);
}

TEST(ScramServer, RefusesABindingThatIsNotWhatTheClientBeganWith) {
    for (std::string_view const other : {"y,,", "n", "n,,x", "p=tls-server-end-point,,"})
        EXPECT_EQ(
            challenged().prove(with_binding(test::client_final, other), test::verifier()).error(),
            Errc::binding_wrong)
            << other;
    EXPECT_EQ(challenged_with_binding()
                  .prove(with_binding(test::bound_final, "n,,"), test::verifier())
                  .error(),
              Errc::binding_wrong);
}

TEST(ScramServer, RefusesAnotherNonce) {
    auto const& verifier = test::verifier();
    for (std::string const& other :
         {test::client_nonce, test::nonce + "x", test::nonce.substr(0, test::nonce.size() - 1),
          "x" + test::nonce.substr(1)}) {
        auto const proof = test::client_final.substr(test::client_final.find(",p="));
        EXPECT_EQ(challenged().prove("c=biws,r=" + other + proof, verifier).error(),
                  Errc::malformed);
    }
}

TEST(ScramServer, RefusesAProofThatIsNone) {
    for (std::string const& proof :
         {std::string("AAAA"), to_base64(Buffer(33)), to_base64(Buffer(31)), std::string(44, '!')})
        EXPECT_EQ(
            challenged().prove(with_proof(test::client_final, proof), test::verifier()).error(),
            Errc::malformed)
            << proof;
}

TEST(ScramServer, RefusesAProofThatDoesNotFit) {
    auto const& final = test::client_final;
    auto const proof =
        digest_from_base64(std::string_view(final).substr(final.size() - 44)).value();
    for (std::size_t i = 0; i < proof.size(); ++i) {
        auto bad = proof;
        bad[i] ^= std::byte{1};
        auto server = challenged();
        EXPECT_EQ(server.prove(with_proof(final, to_base64(bad)), test::verifier()).error(),
                  Errc::account_refused);
        EXPECT_THROW(server.final(), std::logic_error);
    }
}

TEST(ScramServer, RefusesTheProofOfAnotherExchange) {
    ScramServer server({});
    server.first(scram, test::client_first).value();
    server.challenge(test::salt, 4096);
    EXPECT_EQ(server.prove(test::client_final, test::verifier()).error(), Errc::malformed);
}

TEST(ScramServer, RefusesEveryProofForAVerifierThatNobodyHas) {
    EXPECT_EQ(challenged().prove(test::client_final, ScramVerifier{}).error(),
              Errc::account_refused);
}

TEST(ScramServer, TakesNothingOutOfTurn) {
    auto const verifier = test::verifier();
    ScramServer fresh({});
    EXPECT_THROW(fresh.challenge(test::salt, 1), std::logic_error);
    EXPECT_THROW(fresh.final(), std::logic_error);
    EXPECT_EQ(fresh.prove(test::client_final, verifier).error(), Errc::unexpected_packet);
    // It is over now.
    EXPECT_EQ(fresh.first(scram, test::client_first).error(), Errc::unexpected_packet);

    auto twice = begun(scram, test::client_first);
    EXPECT_EQ(twice.first(scram, test::client_first).error(), Errc::unexpected_packet);
    EXPECT_THROW(twice.challenge(test::salt, 1), std::logic_error);

    auto unchallenged = begun(scram, test::client_first);
    EXPECT_EQ(unchallenged.prove(test::client_final, verifier).error(), Errc::unexpected_packet);
}

TEST(ScramServer, TakesOneProofOnly) {
    auto guessing = challenged();
    EXPECT_FALSE(
        guessing.prove(with_proof(test::client_final, to_base64(Digest{})), test::verifier()));
    EXPECT_EQ(guessing.prove(test::client_final, test::verifier()).error(),
              Errc::unexpected_packet);
    auto good = challenged();
    EXPECT_TRUE(good.prove(test::client_final, test::verifier()));
    EXPECT_EQ(good.prove(test::client_final, test::verifier()).error(), Errc::unexpected_packet);
}

}  // namespace
}  // namespace sallyport::identity
