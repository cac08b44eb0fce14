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

/// Whether the door must show the very certificate that the database shows: SCRAM is relayed, and
/// on a back leg of TLS the database may bind it.
inline bool needs_same_certificate(Backend const& backend) {
    auto without_verifiers = backend;
    if (backend.scram == Scram::relay) {
        without_verifiers.scram = Scram::automatic;
        without_verifiers.verifiers = {};
    }
    return backend.protocol == Protocol::postgres && refuses_binding(without_verifiers);
}

}  // namespace sallyport::config
