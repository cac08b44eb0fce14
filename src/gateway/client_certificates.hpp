// The certificates that clients have shown lately, for the expiry watch: verified ones only, so
// that strangers cannot fill it, and a bounded number.
//
// One for each name: a client that comes with a renewed certificate has no more use for the old
// one.
#pragma once

#include "gateway/expiry_watch.hpp"
#include "identity/lru.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace sallyport::gateway {

class ClientCertificates {
 public:
    /// A fleet's accounts; each costs a few hundred bytes here and two lines of /metrics.
    static constexpr std::size_t max_remembered = 1'000;
    /// How long an expired one is still shown: an alert's lifetime, not a memorial.
    static constexpr std::chrono::hours expired_memory{24};

    /// A client has come through `listener` with this certificate. Safe from any thread.
    void saw(pki::Certificate const& certificate, std::string const& listener);
    /// Those that are remembered. Safe from any thread.
    std::vector<Sighting> seen(pki::Time now) const;

 private:
    mutable std::mutex mutex_;  ///< held for a look-up per handshake, and for copies
    identity::Lru<Sighting> known_{max_remembered};
};

}  // namespace sallyport::gateway
