// Subject alternative names (RFC 5280 section 4.2.1.6) as text and back: the DNS names and
// addresses that clients compare with the host they dialled.
#pragma once

#include "tls/handles.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// Each of `names` as an address where it reads as one, else as a DNS name.
tls::GeneralNamesPtr to_general_names(std::vector<std::string> const& names);

/// The DNS and address entries of a certificate as text; other kinds are passed over. Empty where
/// there is no such extension, or one that does not parse.
std::vector<std::string> alternative_names(X509* certificate);

/// The one spelling that alternative_names gives back: addresses in their shortest form, DNS names
/// in lower case.
std::string canonical_name(std::string_view name);

}  // namespace sallyport::pki
