// What is known of a backend: the order of its addresses, its greeting, what it refused.
#include "gateway/backend.hpp"

#include "support/addresses.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace sallyport::gateway {
namespace {

using Health = Backend::Health;

mysql::Greeting greeting(std::string version, std::uint32_t capabilities,
                         std::uint32_t extended = 0) {
    mysql::Greeting made;
    made.version = std::move(version);
    made.capabilities = capabilities;
    made.extended = extended;
    return made;
}

Backend::Facts facts(std::string version, std::uint32_t capabilities, std::uint32_t extended = 0) {
    auto made = greeting(std::move(version), capabilities, extended);
    auto shown = made.version;
    return {std::move(shown), std::move(made)};
}

class BackendTest : public testing::Test {
 protected:
    std::string order() const {
        std::string hosts;
        for (auto const& candidate : backend_.candidates()) hosts += candidate.address.host;
        return hosts;
    }
    std::string logged(std::function<void()> const& act) const {
        testing::internal::CaptureStderr();
        act();
        return testing::internal::GetCapturedStderr();
    }

    Backend backend_{"orders",
                     {test::tcp_address("a"), test::tcp_address("b"), test::tcp_address("c")}};
};

TEST_F(BackendTest, CandidatesComeInTheConfiguredOrder) {
    EXPECT_EQ(order(), "abc");
    backend_.learned(2, facts("8.0", 1));
    EXPECT_EQ(order(), "abc");
}

TEST_F(BackendTest, CandidatesThatAreDownComeLast) {
    backend_.failed(0, "refused");
    EXPECT_EQ(order(), "bca");
    backend_.failed(1, "refused");
    EXPECT_EQ(order(), "cab");
}

TEST_F(BackendTest, AllAreTriedWhereAllAreDown) {
    for (std::size_t i = 0; i < 3; ++i) backend_.failed(i, "refused");
    EXPECT_EQ(order(), "abc");
}

TEST_F(BackendTest, OneThatComesUpTakesItsPlaceAgain) {
    backend_.failed(0, "refused");
    backend_.learned(0, facts("8.0", 1));
    EXPECT_EQ(order(), "abc");
}

TEST_F(BackendTest, CandidatesCarryTheirIndexAndWhatTheyResolveTo) {
    backend_.failed(0, "refused");
    backend_.resolved(0, {Endpoint(), Endpoint()});
    auto const candidates = backend_.candidates();
    EXPECT_EQ(candidates[2].index, 0U);
    EXPECT_EQ(candidates[2].endpoints.size(), 2U);
    EXPECT_TRUE(candidates[0].endpoints.empty());
}

TEST_F(BackendTest, HealthFollowsTheLastAttempt) {
    EXPECT_EQ(backend_.health(0), Health::unknown);
    backend_.learned(0, facts("8.0", 1));
    EXPECT_EQ(backend_.health(0), Health::up);
    EXPECT_NE(backend_.last_learned(0), Clock::time_point());
    backend_.failed(0, "refused");
    EXPECT_EQ(backend_.health(0), Health::down);
    EXPECT_EQ(backend_.health(1), Health::unknown);
}

TEST_F(BackendTest, WasTriedOnceEveryAddressWas) {
    backend_.failed(0, "refused");
    backend_.learned(1, facts("8.0", 1));
    EXPECT_FALSE(backend_.was_tried());
    backend_.failed(2, "refused");
    EXPECT_TRUE(backend_.was_tried());
}

TEST_F(BackendTest, OnlyChangesOfHealthAreLogged) {
    EXPECT_NE(logged([&] { backend_.learned(0, facts("8.0", 1)); }).find("backend is up"),
              std::string::npos);
    EXPECT_EQ(logged([&] { backend_.learned(0, facts("8.0", 1)); }), "");
    auto const down = logged([&] { backend_.failed(0, "connection refused"); });
    EXPECT_NE(down.find("backend is down"), std::string::npos);
    EXPECT_NE(down.find("connection refused"), std::string::npos);
    EXPECT_EQ(logged([&] { backend_.failed(0, "connection refused"); }), "");
}

TEST_F(BackendTest, HasNoGreetingBeforeAnyAddressWasReached) {
    backend_.failed(0, "refused");
    EXPECT_FALSE(backend_.greeting());
}

TEST_F(BackendTest, GreetsAsItsFirstAddressWithTheCapabilitiesOfAll) {
    backend_.learned(1, facts("second", 0b0110, 0b11));
    backend_.learned(0, facts("first", 0b1110, 0b01));
    auto const common = backend_.greeting();
    ASSERT_TRUE(common);
    EXPECT_EQ(common->version, "first");
    EXPECT_EQ(common->capabilities, 0b0110U);
    EXPECT_EQ(common->extended, 0b01U);
}

TEST_F(BackendTest, GreetsEvenWhereItsAddressesWentDown) {
    backend_.learned(0, facts("first", 1));
    backend_.failed(0, "refused");
    EXPECT_TRUE(backend_.greeting());
}

TEST_F(BackendTest, RemembersWhichVersionAndCipherWereRefused) {
    EXPECT_FALSE(backend_.refuses("TLSv1.3", "A"));
    backend_.refused("TLSv1.3", "A");
    EXPECT_TRUE(backend_.refuses("TLSv1.3", "A"));
    EXPECT_FALSE(backend_.refuses("TLSv1.3", "B"));
    EXPECT_FALSE(backend_.refuses("TLSv1.2", "A"));
}

TEST_F(BackendTest, ARefusalMayBeRepeated) {
    backend_.refused("TLSv1.3", "A");
    backend_.refused("TLSv1.3", "B");
    backend_.refused("TLSv1.3", "A");
    EXPECT_TRUE(backend_.refuses("TLSv1.3", "A"));
    EXPECT_TRUE(backend_.refuses("TLSv1.3", "B"));
}

TEST_F(BackendTest, AcceptsWhatEveryScannedAddressAccepts) {
    backend_.set_accepted(0, {.tls12 = {"A", "B"}, .tls13 = {"X"}});
    EXPECT_TRUE(backend_.was_scanned(0));
    EXPECT_FALSE(backend_.was_scanned(1));
    EXPECT_TRUE(backend_.set_accepted(1, {.tls12 = {"B", "C"}, .tls13 = {"X"}}));
    Backend::Accepted const common{.tls12 = {"B"}, .tls13 = {"X"}};
    EXPECT_EQ(backend_.accepted(), common);
}

TEST_F(BackendTest, SaysWhyItsFirstAddressThatIsDownIsDown) {
    EXPECT_EQ(backend_.trouble(), "");
    backend_.failed(1, "connection refused");
    backend_.failed(2, "no route");
    EXPECT_NE(backend_.trouble().find("connection refused"), std::string::npos);
}

TEST_F(BackendTest, SaysWhetherAScanFoundAnythingNew) {
    Backend::Accepted const both{.tls12 = {"A"}, .tls13 = {"B"}};
    Backend::Accepted const one{.tls12 = {"A"}, .tls13 = {}};
    EXPECT_FALSE(backend_.accepted());
    EXPECT_TRUE(backend_.set_accepted(0, both));
    EXPECT_FALSE(backend_.set_accepted(0, both));
    EXPECT_TRUE(backend_.set_accepted(0, one));
    EXPECT_TRUE(backend_.accepted()->tls13.empty());
}

}  // namespace
}  // namespace sallyport::gateway
