// What the SCRAM settings of a PostgreSQL backend mean for its clients.
#pragma once

#include "config/config.hpp"

#include <algorithm>

namespace sallyport::config {

/// Whether a login that is bound to the door's certificate can fail for want of a verifier. It is
/// bound where the database offers -PLUS, which it does inside TLS alone, and PostgreSQL has no TLS
/// on Unix sockets. With scram = "relay" the operator has chosen this.
inline bool refuses_binding(Backend const& backend) {
    auto const is_tcp = [](Address const& address) { return !address.is_unix(); };
    return backend.scram == Scram::automatic && backend.verifiers.empty() &&
           backend.ssl_mode != SslMode::disabled &&
           std::any_of(backend.addresses.begin(), backend.addresses.end(), is_tcp);
}

}  // namespace sallyport::config
