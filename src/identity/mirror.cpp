#include "identity/mirror.hpp"

#include "base/log.hpp"
#include "identity/lru.hpp"
#include "identity/mirror_ca.hpp"
#include "pki/files.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>

namespace sallyport::identity {
namespace {

namespace fs = std::filesystem;

// Intermediates that are kept with their keys. A company has a handful of issuing CAs for each
// root; one that was forgotten is merely made again.
constexpr std::size_t max_intermediates = 256;

error_code complain(fs::path const& file, error_code code) {
    log::error("the mirror cannot be opened",
               {{"file", file.string()}, {"reason", code.message()}});
    return code;
}

bool all_valid(Chain const& chain, pki::Time now) {
    return std::ranges::all_of(chain, [&](pki::Certificate const& link) {
        return link.not_before() <= now && now < link.not_after();
    });
}

/// The front leg has verified the chain. It is checked once more before we vouch for it, for what
/// a mistake would cost; this happens only when credentials are minted.
bool is_linked(Chain const& chain) {
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
        if (!chain[i].is_signed_by(chain[i + 1])) return false;
    }
    return true;
}

/// Certificates by their SHA-256 fingerprints, which have one length: no two chains read alike.
std::string key_of(Chain const& chain) {
    std::string key;
    for (auto const& link : chain) key += link.fingerprint();
    return key;
}

struct Identity {
    Chain chain;
    std::string leaf;  ///< the fingerprint of the chain's leaf
    CredentialPtr credentials;
    pki::Time renew_at;  ///< from then on, new credentials are minted
};

/// Half of the life that is left, so that a back leg never dials with credentials about to end.
/// Credentials which end early end with the chain itself: minting again would not prolong them.
pki::Time renewal_of(pki::Credential const& credentials, pki::Time now) {
    // In seconds, or half of an hour would be no hour.
    constexpr pki::seconds full = Mirror::lifetime;
    auto const end = credentials.chain.front().not_after();
    return end < now + full ? end : now + full / 2;
}

}  // namespace

struct Mirror::State {
    using Roots = std::map<std::string, MirrorCa>;

    /// By the authority fingerprint of the client CA. Never changes, so it needs no lock.
    Roots roots;

    std::mutex mutex;  ///< guards what follows
    Lru<Identity> identities{Mirror::max_cached};
    Lru<pki::Authority> intermediates{max_intermediates};
    /// Leaf fingerprint to the key of the identity it was last seen as.
    std::unordered_map<std::string, std::string> leaves;

    CredentialPtr cached(std::string const& key, pki::Time now) {
        std::scoped_lock const lock(mutex);
        auto const* const identity = identities.find(key);
        return identity != nullptr && now < identity->renew_at ? identity->credentials : nullptr;
    }

    /// The mirror of `original` below `issuer`; `key` names the real path from the root to it.
    pki::Authority intermediate(std::string const& key, pki::Authority const& issuer,
                                pki::Certificate const& original) {
        {
            std::scoped_lock const lock(mutex);
            if (auto const* const known = intermediates.find(key)) return *known;
        }
        auto made = issuer.issue_intermediate_like(original);
        std::scoped_lock const lock(mutex);
        // Another thread may have made one meanwhile: all leaves should come under the same.
        if (auto const* const known = intermediates.find(key)) return *known;
        intermediates.put(key, made);
        return made;
    }

    Result<pki::Credential> mint(Chain const& chain, pki::Time now) {
        auto const root = roots.find(chain.back().authority_fingerprint());
        if (root == roots.end() || !is_linked(chain)) return Errc::certificate_untrusted;

        auto issuer = root->second.issuing;
        auto path = root->first;
        std::vector<pki::Certificate> above_leaf;
        for (std::size_t i = chain.size() - 1; i-- > 1;) {
            path += chain[i].fingerprint();
            issuer = intermediate(path, issuer, chain[i]);
            above_leaf.insert(above_leaf.begin(), issuer.certificate());
        }
        auto credentials = issuer.issue_client_like(chain.front(), lifetime, now);
        std::ranges::move(above_leaf, std::back_inserter(credentials.chain));
        std::ranges::copy(root->second.cross, std::back_inserter(credentials.chain));
        return credentials;
    }

    /// Remembers the identity and gives back its credentials; those of another thread where one
    /// has minted for the same newcomer meanwhile.
    CredentialPtr keep(std::string const& key, Identity identity, pki::Time now) {
        std::scoped_lock const lock(mutex);
        auto const* const present = identities.find(key);
        if (present != nullptr && now < present->renew_at) return present->credentials;
        auto credentials = identity.credentials;
        leaves[identity.leaf] = key;
        auto const forgotten = identities.put(key, std::move(identity));
        if (!forgotten) return credentials;
        auto const leaf = leaves.find(forgotten->second.leaf);
        if (leaf != leaves.end() && leaf->second == forgotten->first) leaves.erase(leaf);
        return credentials;
    }
};

Mirror::Mirror(std::unique_ptr<State> state) : state_(std::move(state)) {}
Mirror::~Mirror() = default;

Result<std::shared_ptr<Mirror>> Mirror::open(fs::path const& directory,
                                             std::vector<pki::Certificate> const& client_cas) {
    auto state = std::make_unique<State>();
    for (auto const& real : client_cas) {
        auto const id = real.authority_fingerprint();
        if (!real.is_self_signed() || state->roots.contains(id)) continue;
        if (auto const made = pki::make_private_directory(directory); !made)
            return complain(directory, made.error());
        auto ca = open_mirror_ca(directory, real);
        if (!ca) return ca.error();
        state->roots.emplace(id, std::move(*ca));
    }
    return std::shared_ptr<Mirror>(new Mirror(std::move(state)));
}

Result<CredentialPtr> Mirror::credentials_for(Chain const& chain, pki::Time now) {
    if (chain.empty()) return Errc::certificate_untrusted;
    if (!all_valid(chain, now)) return Errc::certificate_expired;
    auto const key = key_of(chain);
    if (auto cached = state_->cached(key, now)) return cached;

    // Minting happens outside the lock: a newcomer must not hold up those who are known.
    auto minted = state_->mint(chain, now);
    if (!minted) return minted.error();
    auto const renew_at = renewal_of(*minted, now);
    auto credentials = std::make_shared<pki::Credential const>(std::move(*minted));
    return state_->keep(key, {chain, chain.front().fingerprint(), credentials, renew_at}, now);
}

Chain Mirror::chain_of(pki::Certificate const& leaf) const {
    auto const fingerprint = leaf.fingerprint();
    std::scoped_lock const lock(state_->mutex);
    auto const key = state_->leaves.find(fingerprint);
    if (key == state_->leaves.end()) return {};
    auto const* const identity = state_->identities.peek(key->second);
    return identity == nullptr ? Chain() : identity->chain;
}

std::string Mirror::bundle() const {
    std::string text;
    for (auto const& [id, ca] : state_->roots) {
        for (auto const& root : ca.roots) {
            text += "# Sallyport's mirror of " + root.subject() + "\n";
            text += root.to_pem();
        }
    }
    return text;
}

bool Mirror::issues_like(Mirror const& other) const {
    auto const is_same = [](auto const& one, auto const& two) {
        return one.first == two.first && key_of(one.second.roots) == key_of(two.second.roots) &&
               key_of(one.second.cross) == key_of(two.second.cross);
    };
    return std::ranges::equal(state_->roots, other.state_->roots, is_same);
}

}  // namespace sallyport::identity
