// The second half of a rotation: the leaves move to the next chain, and the old CA retires.
#include "pki/crl_writer.hpp"
#include "pki/files.hpp"
#include "pki/list_file.hpp"
#include "pki/rotation_parts.hpp"

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

}  // namespace

/// Leaves that were made or changed since the rotation began are issued again.
Checked<void> Rotation::prepare_missing(std::vector<Leaf> const& leaves, KeyFile const& next_key) {
    auto const next = next_ca();
    auto const cross = directory_.read_certificates(aside_name(next_by_old_file));
    if (!cross) return cross.error();
    Changes changes;
    std::optional<Authority> authority;
    for (auto const& leaf : leaves) {
        bool const is_to_move = leaf.is_under_old && leaf.obstacle.empty();
        if (!is_to_move || leaf.is_ready) continue;
        if (!authority) {
            auto const place = next_key.file.empty() ? state_.next_key : next_key.file;
            auto const key = load_key({place, next_key.password_file});
            if (!key)
                return Fault{key.error().code, key.error().what,
                             "--new-ca-key names the next CA's key, and "
                             "--new-ca-key-password-file the file with its password"};
            auto const loaded = Authority::from(*next, *key);
            if (!loaded)
                return Fault{Errc::key_mismatch, place.string() + " is not the next CA's key",
                             "--new-ca-key names it; it signs again what changed since --begin"};
            authority = *loaded;
        }
        issue_aside(leaf, *authority, cross->front(), changes);
    }
    if (changes.files.empty()) return {};
    return enter(state_.phase, std::move(changes));
}

Checked<void> Rotation::move_leaf(Leaf const& leaf, Changes& changes) const {
    auto const pair = read_pair(pair_files(aside({}), leaf.stem));
    auto const old_key = read_file(directory_.file(leaf.stem + ".key"));
    if (!pair || !old_key)
        return Fault{Errc::file_unreadable, "cannot read " + aside(leaf.stem + ".key").string(),
                     "run this as the user who began the rotation"};
    changes.files.push_back(
        {aside_name(std::string(old_prefix) + leaf.stem + ".key"), *old_key, true});
    changes.put(aside_name(std::string(old_prefix) + leaf.stem + ".crt"), leaf.chain);
    for (auto& file : files_of(leaf.stem, *pair)) changes.files.push_back(std::move(file));
    // The same key for Java, where it is wanted.
    auto const pkcs8 = leaf.stem + ".key.pk8";
    if (directory_.has(pkcs8)) changes.files.push_back({pkcs8, pair->key.to_pkcs8(), true});
    return {};
}

Checked<void> Rotation::finish(KeyFile const& next_key) {
    if (state_.phase == RotationPhase::finished) return {};
    if (auto const reachable = check_keys(); !reachable) return reachable;
    if (state_.phase == RotationPhase::begun) {
        auto const next = next_ca();
        auto bundle = directory_.read_certificates(names_.ca);
        auto const leaves = read_leaves();
        if (!bundle) return bundle.error();
        if (!leaves) return leaves.error();
        if (!next)
            return Fault{
                Errc::file_invalid, "the next CA is not in " + directory_.file(names_.ca).string(),
                "put back what --begin wrote there; " + aside(next_ca_file).string() + " has it"};
        if (auto const ready = prepare_missing(*leaves, next_key); !ready) return ready;
        Changes changes;
        for (auto const& leaf : *leaves) {
            if (!leaf.is_under_old || !leaf.obstacle.empty()) continue;
            if (auto const moved = move_leaf(leaf, changes); !moved) return moved;
        }
        std::erase_if(
            *bundle, [&](Certificate const& each) { return each.fingerprint() == state_.next_ca; });
        bundle->insert(bundle->begin(), *next);
        changes.put(std::string(names_.ca), *bundle);
        if (auto const moved = enter(RotationPhase::finishing, std::move(changes)); !moved)
            return moved;
    }
    if (state_.phase != RotationPhase::finishing)
        return wrong_time(state_.phase, "there is no rotation that could be finished",
                          "--begin begins one, or goes on with one that was interrupted");
    if (auto const exchanged = exchange_keys(); !exchanged) return exchanged;
    return enter(RotationPhase::finished, {});
}

/// Where the keys are to change places, both must be within reach: a disk may be in a drawer.
Checked<void> Rotation::check_keys() const {
    std::error_code error;
    auto const is_there = [&](fs::path const& file) {
        return fs::exists(fs::symlink_status(file, error));
    };
    if (state_.kept_key.empty() || is_there(state_.kept_key)) return {};
    if (is_there(state_.next_key) && is_there(state_.ca_key)) return {};
    return Fault{Errc::file_unreadable,
                 "the CA keys are not where they were at --begin: " + state_.ca_key.string() +
                     " and " + state_.next_key.string(),
                 "put both back there: the next one takes the old one's place, and nothing has "
                 "changed yet"};
}

/// The next CA's key takes the place of the old one's, which gets a second name first: at every
/// moment each of the two has one.
Checked<void> Rotation::exchange_keys() const {
    std::error_code error;
    if (state_.kept_key.empty() || !fs::exists(fs::symlink_status(state_.next_key, error)))
        return {};
    if (!fs::exists(fs::symlink_status(state_.kept_key, error))) {
        fs::create_hard_link(state_.ca_key, state_.kept_key, error);
        if (error) return cannot("keep the old CA key as", state_.kept_key, error);
    }
    fs::rename(state_.next_key, state_.ca_key, error);
    if (error) return cannot("put the next CA's key into", state_.ca_key, error);
    if (auto const reason = sync_directory(state_.ca_key.parent_path()))
        return system_fault("write", state_.ca_key.string(), reason);
    return {};
}

Checked<void> Rotation::retire() {
    if (state_.phase == RotationPhase::retired) return forget_old_leaves();
    if (state_.phase != RotationPhase::finished)
        return wrong_time(state_.phase, "there is no old CA to retire",
                          "a CA retires after --begin and --finish");
    auto bundle = directory_.read_certificates(names_.ca);
    auto const leaves = read_leaves();
    if (!bundle) return bundle.error();
    if (!leaves) return leaves.error();
    auto const regions = regions_below_old();
    if (!regions) return regions.error();
    if (!regions->empty())
        return Fault{Errc::file_invalid,
                     "the CA of the region " + regions->front() + " is below the old CA",
                     "move ca-" + regions->front() + ".key away, then create-intermediate " +
                         regions->front() + " --overwrite, then create-node --region " +
                         regions->front() + " --overwrite for its servers"};
    auto const next = next_ca();
    Changes changes;
    std::string behind;
    for (auto const& leaf : *leaves) {
        if (leaf.is_below_old && !leaf.is_revoked)
            behind += (behind.empty() ? "" : ", ") + leaf.stem + ".crt";
        auto bare = leaf.chain;
        std::erase_if(bare, [&](Certificate const& link) {
            return next && !link.is_self_signed() && has_link_of_key({link}, *next);
        });
        if (bare.size() != leaf.chain.size()) changes.put(leaf.stem + ".crt", bare);
    }
    if (!behind.empty())
        return Fault{Errc::file_invalid, "the old CA alone stands behind " + behind,
                     "issue them again with create-node or create-client and --overwrite"};
    // The old CA may be there more than once: its key is what is trusted no more.
    auto const old = old_ca();
    std::erase_if(*bundle, [&](Certificate const& each) {
        return each.fingerprint() == state_.old_ca || (old && have_same_key(each, *old));
    });
    if (bundle->empty())
        return Fault{Errc::file_invalid,
                     directory_.file(names_.ca).string() + " has no CA beside the old one",
                     "put back what --finish wrote there; " + aside(next_ca_file).string() +
                         " has the next CA"};
    changes.put(std::string(names_.ca), *bundle);
    if (old)
        if (auto const dropped = drop_lists(*old, changes); !dropped) return dropped;
    if (auto const retired = enter(RotationPhase::retired, std::move(changes)); !retired)
        return retired;
    return forget_old_leaves();
}

/// The lists of the old CA, which say nothing of what is trusted now. Their file stays: a gateway
/// that is set to it refuses every client when it finds no list of his CA there.
Checked<void> Rotation::drop_lists(Certificate const& old, Changes& changes) const {
    auto const name = certs_names::list_of(names_.ca);
    if (!directory_.has(name)) return {};
    auto lists = lists_of(directory_, {old, std::string(names_.ca), {}});
    auto const dropped =
        std::erase_if(lists, [&](Crl const& list) { return list.is_signed_by(old); });
    if (dropped == 0) return {};
    auto const& key = state_.kept_key.empty() ? state_.next_key : state_.ca_key;
    if (lists.empty())
        return Fault{Errc::file_invalid,
                     directory_.file(name).string() + " has no list of the next CA",
                     "sallyport cert crl --certs-dir " + directory_.path().string() + " --ca-key " +
                         key.string() + " adds it; then retire the old CA"};
    changes.files.push_back({name, to_pem(lists)});
    return {};
}

/// Keys that no certificate in use belongs to any more. What a canary may be set to stays.
Checked<void> Rotation::forget_old_leaves() const {
    std::error_code error;
    std::vector<fs::path> old;
    for (auto const& entry : fs::directory_iterator(aside({}), error))
        if (entry.path().filename().string().starts_with(old_prefix) &&
            entry.path().filename() != old_by_next_file)
            old.push_back(entry.path());
    for (auto const& file : old) {
        fs::remove(file, error);
        if (error) return cannot("remove", file, error);
    }
    return {};
}

}  // namespace sallyport::pki
