// Digests and times as the rest of pki writes them.
#pragma once

#include "pki/certificate.hpp"

#include <span>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// Lower-case hex without separators.
std::string hex(std::span<unsigned char const> bytes);
/// SHA-256 in lower-case hex.
std::string sha256(std::string_view data);
/// `unreadable` where the time does not follow RFC 5280 section 4.1.2.5, or is null.
Time to_time(ASN1_TIME const* time, Time unreadable);

}  // namespace sallyport::pki
