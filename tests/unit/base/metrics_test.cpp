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

}  // namespace
}  // namespace sallyport::metrics
