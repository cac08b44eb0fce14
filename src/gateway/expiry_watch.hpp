// Says once when a certificate in sight nears its end: a warning when a third of its life is left,
// another at a tenth, an error when it has ended. Pure: the certificates and the time are given.
#pragma once

#include "gateway/life.hpp"
#include "identity/lru.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

/// What a certificate in sight is to us. The names are those of the metrics; the first four are
/// CockroachDB's.
enum class Role {
    node,        ///< our own leaf
    ca,          ///< the CA above our own leaf, where we know it
    client_ca,   ///< client certificates are verified against it
    client,      ///< a client showed it
    chain,       ///< an intermediate that we send with our leaf
    client_crl,  ///< a revocation list: its life ends when the next one is due
    mirror_ca,   ///< databases must trust it for clients
    backend,     ///< a database showed it
    backend_ca,  ///< a database's CA: of its chain, or named by ssl-ca
};
/// "node", "ca", "client_ca", ...
std::string_view name(Role role);

/// A certificate or a revocation list that somebody relies on.
struct Sighting {
    Role role = Role::node;
    std::string place;    ///< the listener or backend, or the file; empty: several
    std::string subject;  ///< RFC 2253; of a revocation list, its issuer
    std::string serial;   ///< upper-case hex; of a revocation list, its number where it has one
    std::string id;       ///< tells it from every other one: a fingerprint
    Life life;
};

class ExpiryWatch {
 public:
    struct Alert {
        Sighting what;
        Remaining remaining;
    };

    /// What is to be told now: each stage of each certificate once, the last one only where
    /// several were passed between two looks. Of what is `in_hand` (its id), because somebody is
    /// about to replace it, nothing is told but its end.
    ///
    /// A clock that went back far enough to undo what was told makes it news again; a little to and
    /// fro (NTP) does not.
    std::vector<Alert> look(std::vector<Sighting> const& in_sight, pki::Time now,
                            std::string_view in_hand = {});

 private:
    // More than a step of NTP, less than anybody's alert matters.
    static constexpr std::chrono::minutes clock_tolerance{5};
    // Own certificates are a few dozen; the rest is clients'. Who is forgotten is told again.
    static constexpr std::size_t max_remembered = 4'000;

    struct Told {
        Remaining remaining = Remaining::plenty;
        pki::Time at{};
    };
    identity::Lru<Told> told_{max_remembered};
};

}  // namespace sallyport::gateway
