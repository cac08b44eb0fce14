// The last step of a rotation: the old CA retires, and its key is worth nothing any more.
#include "pki/crl_writer.hpp"
#include "pki/list_file.hpp"
#include "pki/rotation_parts.hpp"

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

}  // namespace

Checked<std::optional<Certificate>> Rotation::old_by_next() const {
    std::optional<Certificate> const none;
    auto const next = next_ca();
    auto const name = aside_name(old_by_next_file);
    // A rotation that an earlier Sallyport began may have none.
    if (!next || !directory_.has(name)) return none;
    auto const link = directory_.read_certificates(name);
    if (!link) return link.error();
    bool const counts =
        link->front().is_signed_by(*next) && link->front().not_after() > current_time();
    return counts ? std::optional(link->front()) : none;
}

bool Rotation::is_listed(Certificate const& revoked) const {
    auto const next = next_ca();
    if (!next) return false;
    auto const lists = lists_of(directory_, {*next, std::string(names_.ca), {}});
    return std::ranges::any_of(lists, [&](Crl const& list) {
        return list.is_signed_by(*next) && list.has_serial(revoked.serial());
    });
}

Checked<void> Rotation::retire(KeyFile const& next_key, std::optional<seconds> list_lifetime) {
    bool const is_over = state_.phase == RotationPhase::retired;
    if (!is_over && state_.phase != RotationPhase::finished)
        return wrong_time(state_.phase, "there is no old CA to retire",
                          "a CA retires after --begin and --finish");
    auto const link = old_by_next();
    if (!link) return link.error();
    bool const vouches = link->has_value() && !is_listed(**link);
    if (is_over && !vouches) return forget_old_leaves();
    Changes changes;
    if (!is_over)
        if (auto const left = take_leave(changes); !left) return left;
    auto const listed =
        vouches ? revoke(**link, next_key, list_lifetime, changes) : drop_lists(changes);
    if (!listed) return listed;
    if (auto const retired = enter(RotationPhase::retired, std::move(changes)); !retired)
        return retired;
    return forget_old_leaves();
}

/// The old CA leaves the bundle, and what it vouches for the chains.
Checked<void> Rotation::take_leave(Changes& changes) const {
    auto const bundle = bundle_without_old();
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
    if (bundle->empty())
        return Fault{Errc::file_invalid,
                     directory_.file(names_.ca).string() + " has no CA beside the old one",
                     "put back what --finish wrote there; " + aside(next_ca_file).string() +
                         " has the next CA"};
    changes.put(std::string(names_.ca), *bundle);
    return {};
}

/// The old CA may be there more than once: its key is what is trusted no more.
Checked<std::vector<Certificate>> Rotation::bundle_without_old() const {
    auto bundle = directory_.read_certificates(names_.ca);
    if (!bundle) return bundle.error();
    auto const old = old_ca();
    std::erase_if(*bundle, [&](Certificate const& each) {
        return each.fingerprint() == state_.old_ca || (old && have_same_key(each, *old));
    });
    return bundle;
}

/// Without this, whoever has the old key could go on issuing for those who trust the next CA: the
/// link is in chains that were handed out. The old CA's own lists leave with it.
Checked<void> Rotation::revoke(Certificate const& old_by_next, KeyFile const& next_key,
                               std::optional<seconds> list_lifetime, Changes& changes) const {
    auto const next =
        open_next(next_key, "it signs the list that revokes what vouches for the old CA");
    if (!next) return next.error();
    auto const bundle = bundle_without_old();
    if (!bundle) return bundle.error();
    auto const ledger = open_ledger(directory_);
    if (!ledger) return ledger.error();
    // One that was lost and begun anew does not know it.
    auto const known = ledger->record_below(old_by_next, "intermediate", next->certificate());
    auto const entries =
        known ? ledger->with_fingerprint(old_by_next.fingerprint()) : known.error();
    if (!entries) return ledger_fault(directory_, entries.error());
    auto entry = entries->front();
    // A step that was killed after the ledger was written goes on with what it says.
    if (!entry.revocation)
        entry.revocation = LedgerEntry::Revocation{Reason::superseded, current_time()};
    auto const list =
        next_list(directory_, *ledger, {next->certificate(), std::string(names_.ca), {}}, *next,
                  {list_lifetime, entry, *bundle});
    if (!list) return list.error();
    changes.files.push_back(list->file);
    changes.revoked = std::move(entry);
    return {};
}

/// The lists of the old CA, which say nothing of what is trusted now. Their file stays: a gateway
/// that is set to it refuses every client when it finds no list of his CA there.
Checked<void> Rotation::drop_lists(Changes& changes) const {
    auto const old = old_ca();
    auto const name = certs_names::list_of(names_.ca);
    if (!old || !directory_.has(name)) return {};
    auto lists = lists_of(directory_, {*old, std::string(names_.ca), {}});
    auto const dropped =
        std::erase_if(lists, [&](Crl const& list) { return list.is_signed_by(*old); });
    if (dropped == 0) return {};
    if (lists.empty())
        return Fault{Errc::file_invalid,
                     directory_.file(name).string() + " has no list of the next CA",
                     "sallyport cert crl --certs-dir " + directory_.path().string() + " --ca-key " +
                         state_.moved_next_key().string() + " adds it; then retire the old CA"};
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
