// What a rotation makes of what is there: the next root of an old one, the cross certificates
// between the two, and leaves that say the same under another CA.
#pragma once

#include "pki/authority.hpp"

namespace sallyport::pki {

/// A root with the very subject and path length of `original`, for `key`: accounts with REQUIRE
/// ISSUER compare the subject.
Authority next_root(Certificate const& original, Key const& key, seconds lifetime);

/// The name, key and key identifier of the CA `other`, vouched for by `issuer`: whoever trusts
/// `issuer` alone verifies with it what `other` has issued. Ends with the first of the two.
Certificate cross_sign(Authority const& issuer, Certificate const& other,
                       Time now = current_time());

/// A leaf for `key` that says what `original` says (subject, names, purposes, where revocations
/// are published) under `issuer`. Lives as long as `original` was made for, from `now`.
Certificate issue_again(Authority const& issuer, Certificate const& original, Key const& key,
                        Time now = current_time());

/// A new key of the type and size of the certificate's.
Key generate_like(Certificate const& original);

/// Whether the two have the same public key.
bool have_same_key(Certificate const& one, Certificate const& other);

}  // namespace sallyport::pki
