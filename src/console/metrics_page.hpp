// /metrics: what the gateway counts, and how long its certificates have to live.
#pragma once

#include "gateway/attendant.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::console {

using Counters = std::vector<std::pair<std::string_view, std::uint64_t>>;

/// In Prometheus' text format. `counters` are those of metrics::snapshot().
std::string metrics_page(Counters const& counters, std::size_t sessions,
                         gateway::CertificateReport const& certificates, pki::Time now);

}  // namespace sallyport::console
