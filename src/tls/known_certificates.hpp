// One object for each certificate, however many connections are shown it.
//
// OpenSSL parses anew what every peer sends, and keeps it as long as the connection lives: 5 KiB
// for a certificate. Thousands of sessions are shown the same one, their database's.
#pragma once

#include <cstddef>

struct ssl_ctx_st;

namespace sallyport::tls {

/// How many certificates a context remembers: fleets of clients and a few databases have fewer.
/// Some 500 KiB.
inline constexpr std::size_t max_known_certificates = 100;

/// Makes connections of `context` share what their peers show. Whom to trust stays OpenSSL's
/// business.
void share_certificates(ssl_ctx_st& context);

}  // namespace sallyport::tls
