#include "pki/rotation.hpp"

#include "pki/files.hpp"
#include "pki/ledger.hpp"
#include "pki/rotation_parts.hpp"

#include <algorithm>

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

constexpr bool replace = true;

Checked<Key> read_next_key(Authority const& old, KeyFile const& place) {
    auto const key = load_key(place);
    if (key && old.certificate().matches(*key))
        return Fault{Errc::key_mismatch,
                     place.file.string() + " is the key of the CA that is to be replaced",
                     "name another file with --new-ca-key"};
    return key;
}

}  // namespace

RotationNames const RotationNames::servers{certs_names::ca, "rotation.json", "rotation", "ca"};
RotationNames const RotationNames::clients{certs_names::client_ca, "rotation-client.json",
                                           "rotation-client", "client-ca"};

Checked<Rotation> Rotation::open(CertsDirectory const& directory, RotationNames const& names) {
    auto state = read_rotation_state(directory, names.state);
    if (!state) return state.error();
    return Rotation(directory, names, std::move(*state));
}

std::string Rotation::aside_name(std::string_view file) const {
    return std::string(names_.aside) + "/" + std::string(file);
}

fs::path Rotation::aside(std::string_view file) const {
    return directory_.file(aside_name(file));
}

std::optional<Certificate> Rotation::find(std::string const& fingerprint) const {
    for (auto const& file :
         {std::string(names_.ca), aside_name(next_ca_file), aside_name(old_ca_file)}) {
        if (!directory_.has(file)) continue;
        auto const known = directory_.read_certificates(file);
        if (!known) continue;
        for (auto const& certificate : *known)
            if (certificate.fingerprint() == fingerprint) return certificate;
    }
    return std::nullopt;
}

Checked<void> Rotation::choose_keys(Authority const& old, KeyFile const& ca_key,
                                    KeyFile const& next_key) {
    RotationState chosen;
    chosen.old_ca = old.certificate().fingerprint();
    chosen.ca_key = fs::absolute(ca_key.file);
    std::error_code error;
    if (!next_key.file.empty()) {
        chosen.next_key = fs::absolute(next_key.file);
        // One that is there is looked at now: a bad choice is not to be remembered.
        if (fs::exists(fs::symlink_status(chosen.next_key, error)))
            if (auto const fit = read_next_key(old, {chosen.next_key, next_key.password_file});
                !fit)
                return fit.error();
        if (!fs::is_directory(chosen.next_key.parent_path(), error))
            return Fault{Errc::file_unreadable,
                         "there is no directory " + chosen.next_key.parent_path().string() +
                             " for the next CA's key",
                         "--new-ca-key names a file in a directory that is there"};
        state_ = std::move(chosen);
        return {};
    }
    auto const place = [&](std::string const& suffix) {
        auto const& file = chosen.ca_key;
        return file.parent_path() / (file.stem().string() + suffix + file.extension().string());
    };
    constexpr std::size_t telling = 8;  // Characters of the fingerprint that tell keys apart.
    chosen.next_key = place("-next");
    chosen.kept_key = place(".old-" + chosen.old_ca.substr(0, telling));
    if (fs::exists(fs::symlink_status(chosen.next_key, error)))
        return Fault{Errc::file_invalid,
                     "file " + chosen.next_key.string() + " exists, and no rotation has made it",
                     "--new-ca-key " + chosen.next_key.string() + " makes it the next CA's key"};
    state_ = std::move(chosen);
    return {};
}

Checked<Key> Rotation::ensure_next_key(Authority const& old, KeyFile const& next_key) const {
    KeyFile const place{state_.next_key, next_key.password_file};
    std::error_code error;
    if (fs::exists(fs::symlink_status(place.file, error))) return read_next_key(old, place);
    auto const password = read_password(place.password_file);
    if (!password) return password.error();
    auto const key = generate_like(old.certificate());
    auto const reason =
        write_whole(place.file, key.to_pem(*password), private_mode, Existing::kept);
    if (reason) return system_fault("write the next CA's key", place.file.string(), reason);
    return key;
}

Checked<void> Rotation::begin(KeyFile const& ca_key, KeyFile const& next_key, seconds lifetime) {
    if (state_.phase == RotationPhase::begun) return {};
    if (state_.phase == RotationPhase::finishing || state_.phase == RotationPhase::finished)
        return wrong_time(state_.phase, "the last rotation is not over",
                          "--finish, and --retire once no client trusts the old CA alone");
    auto const old = directory_.load_authority({names_.ca}, ca_key);
    if (!old) return old.error();
    // While it is beginning nobody has been told of the next CA: another may be chosen.
    bool const goes_on = state_.phase == RotationPhase::beginning &&
                         state_.old_ca == old->certificate().fingerprint() &&
                         (next_key.file.empty() || state_.next_key == fs::absolute(next_key.file));
    if (!goes_on) {
        if (auto const chosen = choose_keys(*old, ca_key, next_key); !chosen) return chosen;
        if (auto const entered = enter(RotationPhase::beginning, {}); !entered) return entered;
    }
    auto const key = ensure_next_key(*old, next_key);
    if (!key) return key.error();
    auto const next = next_root(old->certificate(), *key, lifetime);
    state_.next_ca = next.certificate().fingerprint();
    Changes changes;
    if (auto const made = make_next(*old, next, changes); !made) return made;
    if (auto const forgotten = forget_stale_pairs(changes); !forgotten) return forgotten;
    return enter(RotationPhase::begun, std::move(changes));
}

Checked<void> Rotation::make_next(Authority const& old, Authority const& next,
                                  Changes& changes) const {
    auto bundle = directory_.read_certificates(names_.ca);
    if (!bundle) return bundle.error();
    bundle->push_back(next.certificate());
    auto const next_by_old = cross_sign(old, next.certificate());
    auto const old_by_next = cross_sign(next, old.certificate());
    changes.put(std::string(names_.ca), *bundle);
    changes.put(aside_name(next_ca_file), {next.certificate()});
    changes.put(aside_name(old_ca_file), {old.certificate()});
    changes.put(aside_name(next_by_old_file), {next_by_old});
    changes.put(aside_name(old_by_next_file), {old_by_next});
    changes.issued = {{next.certificate(), std::string(names_.kind)},
                      {next_by_old, "intermediate"},
                      {old_by_next, "intermediate"}};
    auto const leaves = read_leaves();
    if (!leaves) return leaves.error();
    for (auto const& leaf : *leaves) {
        if (leaf.is_under_old && leaf.obstacle.empty())
            issue_aside(leaf, next, next_by_old, changes);
        // For clients that trust the next CA alone: they may come before the leaf moves.
        if (has_link_of_key(leaf.chain, old.certificate())) continue;
        auto vouched = leaf.chain;
        vouched.push_back(old_by_next);
        changes.put(leaf.stem + ".crt", vouched);
    }
    return {};
}

void Rotation::issue_aside(Leaf const& leaf, Authority const& next, Certificate const& cross,
                           Changes& changes) const {
    auto const key = generate_like(leaf.chain.front());
    auto const certificate = issue_again(next, leaf.chain.front(), key);
    for (auto& file : files_of(aside_name(leaf.stem), {{certificate, cross}, key}))
        changes.files.push_back(std::move(file));
    bool const is_node = leaf.stem == "node" || leaf.stem == "client.node";
    changes.issued.emplace_back(certificate, is_node ? "node" : "client");
}

/// What the rotation before left aside and this one does not replace: nobody is to be shown it.
Checked<void> Rotation::forget_stale_pairs(Changes const& changes) const {
    std::error_code error;
    std::vector<fs::path> stale;
    for (auto const& entry : fs::directory_iterator(aside({}), error)) {
        auto const name = aside_name(entry.path().filename().string());
        if (std::ranges::find(changes.files, name, &NewFile::name) == changes.files.end())
            stale.push_back(entry.path());
    }
    for (auto const& file : stale) {
        fs::remove(file, error);
        if (error) return cannot("remove", file, error);
    }
    return {};
}

Checked<void> Rotation::enter(RotationPhase phase, Changes changes) {
    auto state = state_;
    state.phase = phase;
    changes.files.push_back({std::string(names_.state), to_json(state), true});
    auto const record = [&]() -> Checked<void> {
        auto const& revoked = changes.revoked;
        if (changes.issued.empty() && !revoked) return {};
        auto const ledger = Ledger::open(directory_.path());
        auto recorded = ledger ? Result<void>() : Result<void>(ledger.error());
        for (auto const& [certificate, kind] : changes.issued)
            if (recorded) recorded = ledger->record(certificate, kind);
        if (recorded && revoked)
            recorded = ledger->revoke(revoked->fingerprint, revoked->revocation->reason,
                                      revoked->revocation->when);
        if (recorded) return {};
        return Fault{Errc::file_unreadable,
                     "the ledger " + directory_.file("ledger.db").string() +
                         " cannot be written: " + recorded.error().message(),
                     "nothing was changed; is there room on the disk?"};
    };
    if (auto const written = directory_.write(changes.files, replace, record); !written)
        return written;
    state_ = std::move(state);
    return {};
}

}  // namespace sallyport::pki
