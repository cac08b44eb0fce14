// What TLS is offered, as data: every option is set explicitly, nothing is left to a library's or a
// distribution's default. tests/snapshots/policy has each policy rendered.
#pragma once

#include "base/errc.hpp"

#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;

namespace sallyport::tls {

enum class Version { tls_1_0, tls_1_1, tls_1_2, tls_1_3 };

struct Policy {
    Version minimum = Version::tls_1_2;
    Version maximum = Version::tls_1_3;
    std::string cipher_list;   ///< TLS 1.2 and below, OpenSSL's list syntax
    std::string ciphersuites;  ///< TLS 1.3, colon-separated
    std::string groups;        ///< key exchange, colon-separated; unknown names are left out
};

/// Mozilla's "intermediate" (guidelines 6.0, April 2026) from `minimum` up. Below TLS 1.2, which
/// Mozilla no longer describes, the forward-secret CBC suites that those versions have are added.
Policy intermediate(Version minimum);

/// Sets versions, ciphers, groups and options. Errc::file_invalid where a list names nothing that
/// this OpenSSL knows; tls::take_errors() has its words.
Result<void> apply(Policy const& policy, ssl_ctx_st& context);

/// The ciphers that `policy` really stands for with this OpenSSL, in its order, without TLS 1.3's.
std::vector<std::string> cipher_names(Policy const& policy);
/// The same for TLS 1.3.
std::vector<std::string> ciphersuite_names(Policy const& policy);

/// "TLSv1.2".
std::string_view name(Version version);
/// The policy as readable text, one option a line, with what `context` really offers below it.
std::string render(Policy const& policy, ssl_ctx_st& context);

}  // namespace sallyport::tls
