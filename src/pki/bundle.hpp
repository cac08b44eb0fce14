// Trust bundles: the CA certificates that clients are given, in the two forms that they can import.
#pragma once

#include "pki/certificate.hpp"

#include <string>
#include <vector>

namespace sallyport::pki {

/// The certificates as a degenerate, certs-only SignedData (RFC 5652 section 5.2) in DER: what
/// Windows and Java import as a `.p7b`. No key can be in it, and nothing in it is signed.
std::string to_pkcs7(std::vector<Certificate> const& certificates);

/// In their order, each once, and without those that have expired at `now`: clients are not asked
/// to trust what no longer counts.
std::vector<Certificate> for_bundle(std::vector<Certificate> const& certificates, Time now);

}  // namespace sallyport::pki
