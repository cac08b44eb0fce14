// The second step of a rotation: the leaves move to the next chain, and the CA keys change places.
#include "pki/files.hpp"
#include "pki/rotation_parts.hpp"

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

}  // namespace

Checked<Authority> Rotation::open_next(KeyFile const& given, std::string_view purpose) const {
    bool const has_moved =
        state_.phase == RotationPhase::finished || state_.phase == RotationPhase::retired;
    auto const own_place = has_moved ? state_.moved_next_key() : state_.next_key;
    auto const place = given.file.empty() ? own_place : given.file;
    auto const key = load_key({place, given.password_file});
    if (!key)
        return Fault{key.error().code, key.error().what,
                     "--new-ca-key names the next CA's key, and --new-ca-key-password-file the "
                     "file with its password"};
    auto const next = next_ca();
    auto const opened = next ? Authority::from(*next, *key) : Errc::key_mismatch;
    if (!opened)
        return Fault{Errc::key_mismatch, place.string() + " is not the next CA's key",
                     "--new-ca-key names it; " + std::string(purpose)};
    return *opened;
}

/// Leaves that were made or changed since the rotation began are issued again.
Checked<void> Rotation::prepare_missing(std::vector<Leaf> const& leaves, KeyFile const& next_key) {
    auto const cross = directory_.read_certificates(aside_name(next_by_old_file));
    if (!cross) return cross.error();
    Changes changes;
    std::optional<Authority> authority;
    for (auto const& leaf : leaves) {
        bool const is_to_move = leaf.is_under_old && leaf.obstacle.empty();
        if (!is_to_move || leaf.is_ready) continue;
        if (!authority) {
            auto const opened = open_next(next_key, "it signs again what changed since --begin");
            if (!opened) return opened.error();
            authority = *opened;
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

}  // namespace sallyport::pki
