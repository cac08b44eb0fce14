// Whose live sessions end because their certificate was revoked: the lists of all listeners with
// revoked-sessions = "close", as the World served now has them. Shared by the workers; never
// changes.
#pragma once

#include "identity/mirror.hpp"
#include "pki/crl.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::gateway {

class World;

class Revocations {
 public:
    /// Null where no listener closes anything.
    static std::shared_ptr<Revocations const> of(World const& world);

    /// Whether a session of this listener, whose client proved `chain`, is to end. Sessions of
    /// listeners that are gone go on, as they do after any reload.
    bool revoke(std::string const& listener, identity::Chain const& chain) const;

 private:
    Revocations() = default;

    std::map<std::string, std::vector<pki::Crl>> lists_;  ///< by the listener's name
};

}  // namespace sallyport::gateway
