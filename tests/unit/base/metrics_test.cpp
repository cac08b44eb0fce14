#include "base/metrics.hpp"

#include <gtest/gtest.h>

namespace sallyport::metrics {
namespace {

std::uint64_t value_of(std::string_view name) {
    for (auto const& [counter, value] : snapshot())
        if (counter == name) return value;
    return 0;
}

TEST(Metrics, counts_endings_by_their_reason) {
    auto const before = value_of("tls_required");
    count_ending(Errc::tls_required);
    count_ending(Errc::tls_required);
    count_ending(Errc::timed_out);
    EXPECT_EQ(value_of("tls_required"), before + 2);
}

TEST(Metrics, counts_the_last_reason_of_the_list_too) {
    auto const before = value_of("address_in_use");
    count_ending(Errc::address_in_use);
    EXPECT_EQ(value_of("address_in_use"), before + 1);
}

TEST(Metrics, counts_failed_reloads) {
    auto const before = value_of("failed_reloads");
    count_failed_reload();
    EXPECT_EQ(value_of("failed_reloads"), before + 1);
}

TEST(Metrics, counts_refusals_per_chain) {
    auto const main = value_of("main_refusals");
    auto const canary = value_of("canary_refusals");
    auto const falls = value_of("canary_fallbacks");
    auto const shown = value_of("canary_handshakes");
    count_refused_chain(true);
    count_refused_chain(true);
    count_refused_chain(false);
    count_canary_fallback();
    count_canary_handshake();
    EXPECT_EQ(value_of("canary_refusals"), canary + 2);
    EXPECT_EQ(value_of("main_refusals"), main + 1);
    EXPECT_EQ(value_of("canary_fallbacks"), falls + 1);
    EXPECT_EQ(value_of("canary_handshakes"), shown + 1);
}

}  // namespace
}  // namespace sallyport::metrics
