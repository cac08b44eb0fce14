// How long a certificate is to live, as operators write it.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sallyport::cli::cert {

/// Go's durations ("87840h0m0s", "1.5h"), and days ("365d"), of which Go has none. Above zero and
/// below 100 years; none for another text.
std::optional<std::chrono::seconds> parse_lifetime(std::string_view text);

}  // namespace sallyport::cli::cert
