// The mirror: who the client proved to be on the front leg -> the credentials that say so to the
// database on the back leg (DESIGN section 1).
//
// For each client CA there is a mirror CA of ours: same subject, another key. The database trusts
// the mirror CAs for clients (`sallyport mirror-ca` prints them). A verified chain
// leaf <- intermediates <- root is re-created link by link below the mirror of its root. The
// credentials are short-lived, cached per identity, and never outlive the client's own. A mirror CA
// is rotated like any other (mirror_ca.hpp).
#pragma once

#include "base/errc.hpp"
#include "pki/authority.hpp"
#include "pki/certificate.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::identity {

using CredentialPtr = std::shared_ptr<pki::Credential const>;
/// A verified chain: the leaf first, its root last.
using Chain = std::vector<pki::Certificate>;

class Mirror {
 public:
    /// How long a mirrored certificate lives at most. It is checked once, in the back leg's
    /// handshake; a day would do, an hour leaves less to lose.
    static constexpr std::chrono::hours lifetime{1};
    /// Identities whose credentials are kept; the least recently used goes first.
    static constexpr std::size_t max_cached = 10'000;

    /// Opens the mirror CAs of these client CAs (those of `client_cas` that are self-signed) in
    /// `directory`, one pair of files each, named by the CA's subject and public key; makes what is
    /// missing. Keys are 0600. Errc::file_unreadable, file_invalid, key_mismatch,
    /// certificate_expired; the log names the file.
    static Result<std::shared_ptr<Mirror>> open(std::filesystem::path const& directory,
                                                std::vector<pki::Certificate> const& client_cas);
    ~Mirror();

    /// The credentials that mirror this verified chain. Thread-safe. Errc::certificate_untrusted
    /// where its root is none of the client CAs (or a link is not signed by the next),
    /// Errc::certificate_expired where a link is not valid now (any more: the chain may be one that
    /// chain_of remembered).
    Result<CredentialPtr> credentials_for(Chain const& chain, pki::Time now = pki::current_time());

    /// A resumed TLS session knows only its leaf: the chain that this leaf came with before, which
    /// credentials_for has seen. Empty where it is not known (any more).
    Chain chain_of(pki::Certificate const& leaf) const;

    /// The mirror CAs' certificates, PEM, each with a comment line naming it.
    std::string bundle() const;

    /// Whether both have the same mirror CAs, at the same point of their rotations.
    bool issues_like(Mirror const& other) const;

 private:
    struct State;
    explicit Mirror(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace sallyport::identity
