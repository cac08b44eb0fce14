// What may stand in a certificate that an operator asks for. The names come from a command line,
// the lifetime from a wish: both are checked before anything is made, so that what is refused is
// explained in the operator's words.
#pragma once

#include "pki/authority.hpp"
#include "pki/fault.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// Host names, wildcards ("*.example.com") and addresses as they stand in a certificate: in one
/// spelling, each once, in their order.
Checked<std::vector<std::string>> check_hosts(std::vector<std::string> const& hosts);

/// A user's name is a common name and a part of a file name: UTF-8, 1 to 64 characters, no slash
/// and no control characters. What databases make of it is theirs to say.
Checked<void> check_user(std::string_view user);

/// An http: or https: URL in ASCII without spaces. An empty one is none, and good.
Checked<void> check_crl_url(std::string_view url);

/// A leaf never outlives its CA: what was asked for would, and clients would see it fail early.
Checked<void> check_lifetime(Certificate const& ca, seconds lifetime, Time now = current_time());

}  // namespace sallyport::pki
