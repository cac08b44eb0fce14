// What SCRAM is made of: HMAC, hash and base64 (RFC 5802 section 3), comparisons that take the same
// time whatever they find, and keys that leave nothing behind in memory.
#pragma once

#include "base/bytes.hpp"
#include "identity/scram.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::identity {

/// A digest that is wiped when it goes out of scope.
struct Secret {
    Digest value{};
    ~Secret();
};

Digest hash(Digest const& data);
Digest hmac(Digest const& key, std::string_view text);
Digest exclusive_or(Digest const& left, Digest const& right);
/// In a time that depends on the sizes only.
bool is_equal(Bytes left, Bytes right);

std::string to_base64(Bytes bytes);
/// Canonical base64 of at least one byte, padded; anything else is none (RFC 4648 section 3.5).
std::optional<Buffer> from_base64(std::string_view text);
/// Canonical base64 of exactly 32 bytes.
std::optional<Digest> digest_from_base64(std::string_view text);

Digest random_digest();

}  // namespace sallyport::identity
