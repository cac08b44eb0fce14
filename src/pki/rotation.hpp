// The rotation of a CA in a certificates directory, without an outage (`sallyport cert rotate-ca`).
//
// begin: the next CA (same subject, another key) enters the bundle beside the old one; the two
//   vouch for each other; each leaf of the old CA is issued again under the next one, aside, in a
//   sub-directory that CockroachDB passes over. Leaves in use learn to say that the next CA vouches
//   for them.
// finish: the leaves that were made aside take their places, with the cross certificate by which
//   clients that trust the old CA alone verify them; then the CA keys change places.
// retire: the old CA leaves the bundle, and the cross certificates go with it. The one by which the
//   next CA vouches for the old one is revoked: the old key is to be worth nothing any more.
//
// Each step is one change of the directory (certs_directory.hpp): whatever interrupts it, the same
// command goes on.
#pragma once

#include "pki/rotation_state.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sallyport::pki {

/// Which of the directory's CAs.
struct RotationNames {
    std::string_view ca;     ///< the bundle
    std::string_view state;  ///< the file that remembers
    std::string_view aside;  ///< the sub-directory with what comes next
    std::string_view kind;   ///< of the CA, as the ledger calls it

    static RotationNames const servers;  ///< ca.crt
    static RotationNames const clients;  ///< ca-client.crt
};

/// A leaf of the directory and what the rotation does about it.
struct RotatedLeaf {
    std::string stem;
    bool is_moved = false;     ///< shows the next chain
    bool is_revoked = false;   ///< no certificate takes its place
    bool is_prepared = false;  ///< the certificate that takes its place lies aside
    std::string obstacle;      ///< why it cannot be issued again here; empty: it can
};

class Rotation {
 public:
    /// `directory` was opened to write for everything but state() and leaves().
    static Checked<Rotation> open(CertsDirectory const& directory, RotationNames const& names);

    RotationState const& state() const { return state_; }
    RotationNames const& names() const { return names_; }
    /// The CAs of the rotation, as far as the bundle or the sub-directory has them.
    std::optional<Certificate> old_ca() const { return find(state_.old_ca); }
    std::optional<Certificate> next_ca() const { return find(state_.next_ca); }
    /// The leaves that the old or the next CA issued, in the order of their names.
    Checked<std::vector<RotatedLeaf>> leaves() const;
    /// The regions whose CA, the one that issues now, is below the old CA and has not expired.
    /// Their servers are left without a root when the old CA retires.
    Checked<std::vector<std::string>> regions_below_old() const;
    /// The old CA as the next one vouches for it, while that is still good by its dates.
    Checked<std::optional<Certificate>> old_by_next() const;
    /// Whether the next CA's list in the directory has it.
    bool is_listed(Certificate const& revoked) const;
    /// The file of the next node certificate, or of its key: what a canary shows.
    std::filesystem::path aside(std::string_view file) const;

    /// Begins, or goes on beginning. `ca_key` is the old CA's. The next CA's key is read from
    /// `next_key`, or made there where there is none; without a path it is made beside the old
    /// one, whose place it takes in the end. A rotation that has begun already is left as it is.
    Checked<void> begin(KeyFile const& ca_key, KeyFile const& next_key, seconds lifetime);
    /// Moves the leaves. The next CA's key is needed (`next_key`; without a path where begin left
    /// it) only for leaves that were changed since.
    Checked<void> finish(KeyFile const& next_key);
    /// A fault while a leaf is left that the old CA alone vouches for, and that is not revoked.
    /// The next CA's key (found as by finish) signs the list that revokes old_by_next(), which is
    /// good for `list_lifetime`; without one, as long as the CA. It is not needed where that is
    /// done. A rotation that retired without is made up for.
    Checked<void> retire(KeyFile const& next_key, std::optional<seconds> list_lifetime);

 private:
    struct Leaf;
    struct Changes;

    Rotation(CertsDirectory const& directory, RotationNames const& names, RotationState state)
        : directory_(directory), names_(names), state_(std::move(state)) {}

    std::optional<Certificate> find(std::string const& fingerprint) const;
    std::string aside_name(std::string_view file) const;
    Checked<std::vector<Leaf>> read_leaves() const;
    Checked<std::optional<Leaf>> read_leaf(std::string const& stem,
                                           std::set<std::string> const& revoked) const;
    bool is_ready(Leaf const& leaf, Certificate const& next,
                  std::set<std::string> const& revoked) const;

    Checked<void> choose_keys(Authority const& old, KeyFile const& ca_key, KeyFile const& next_key);
    Checked<Key> ensure_next_key(Authority const& old, KeyFile const& next_key) const;
    Checked<void> make_next(Authority const& old, Authority const& next, Changes& changes) const;
    void issue_aside(Leaf const& leaf, Authority const& next, Certificate const& cross,
                     Changes& changes) const;
    Checked<void> forget_stale_pairs(Changes const& changes) const;
    /// The next CA with its key. `purpose`: what it is needed for, as a hint says it.
    Checked<Authority> open_next(KeyFile const& given, std::string_view purpose) const;
    Checked<void> prepare_missing(std::vector<Leaf> const& leaves, KeyFile const& next_key);
    Checked<void> move_leaf(Leaf const& leaf, Changes& changes) const;
    Checked<void> check_keys() const;
    Checked<void> exchange_keys() const;
    Checked<std::vector<Certificate>> bundle_without_old() const;
    Checked<void> take_leave(Changes& changes) const;
    Checked<void> revoke(Certificate const& old_by_next, KeyFile const& next_key,
                         std::optional<seconds> list_lifetime, Changes& changes) const;
    Checked<void> drop_lists(Changes& changes) const;
    Checked<void> forget_old_leaves() const;
    /// Makes the changes, the new state among them.
    Checked<void> enter(RotationPhase phase, Changes changes);

    CertsDirectory const& directory_;
    RotationNames const& names_;
    RotationState state_;
};

/// What goes behind a chain that ends with `last`, while a CA of the directory that signed `last`
/// is one of the two of a rotation: that CA as the other one vouches for it. Whoever trusts the
/// other one alone verifies the chain with it. Nothing where no rotation goes on.
Checked<std::optional<Certificate>> cross_link(CertsDirectory const& directory,
                                               Certificate const& last);

}  // namespace sallyport::pki
