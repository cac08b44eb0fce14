// The leaves that a rotation is about: found, and judged.
#include "pki/files.hpp"
#include "pki/ledger.hpp"
#include "pki/list_file.hpp"
#include "pki/rotation_parts.hpp"

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

bool is_ca_file(std::string const& stem) {
    return stem == "ca" || stem.starts_with("ca-") || stem.starts_with("ca.");
}

/// Whether `ca` signed a link of the chain.
bool is_below(std::vector<Certificate> const& chain, Certificate const& ca) {
    return std::ranges::any_of(chain,
                               [&](Certificate const& link) { return link.is_signed_by(ca); });
}

/// Likewise, but for the link by which it vouches for the next CA.
bool needs(std::vector<Certificate> const& chain, Certificate const& ca,
           std::optional<Certificate> const& next) {
    return std::ranges::any_of(chain, [&](Certificate const& link) {
        return !link.is_self_signed() && link.is_signed_by(ca) &&
               !(next && has_link_of_key({link}, *next));
    });
}

/// Fingerprints of what the ledger, where there is one, calls revoked.
Checked<std::set<std::string>> read_revoked(CertsDirectory const& directory) {
    std::set<std::string> revoked;
    if (!directory.has(Ledger::file_name)) return revoked;
    auto const ledger = open_ledger(directory);
    if (!ledger) return ledger.error();
    auto const entries = ledger->all();
    if (!entries) return ledger_fault(directory, entries.error());
    for (auto const& entry : *entries)
        if (entry.revocation) revoked.insert(entry.fingerprint);
    return revoked;
}

}  // namespace

/// Whether what lies aside still says what the leaf says, and may be shown.
bool Rotation::is_ready(Leaf const& leaf, Certificate const& next,
                        std::set<std::string> const& revoked) const {
    auto const pair = read_pair(pair_files(aside({}), leaf.stem));
    if (!pair) return false;
    auto const& made = pair->chain.front();
    auto const& shown = leaf.chain.front();
    return made.is_signed_by(next) && made.subject() == shown.subject() &&
           made.names() == shown.names() && made.not_after() > current_time() &&
           !revoked.contains(made.fingerprint());
}

Checked<std::optional<Rotation::Leaf>> Rotation::read_leaf(
    std::string const& stem, std::set<std::string> const& revoked) const {
    auto chain = directory_.read_certificates(stem + ".crt");
    if (!chain) return chain.error();
    Leaf leaf;
    leaf.stem = stem;
    leaf.chain = std::move(*chain);
    auto const old = old_ca();
    auto const next = next_ca();
    leaf.is_under_old = old && leaf.chain.front().is_signed_by(*old);
    leaf.is_under_next = next && leaf.chain.front().is_signed_by(*next);
    leaf.is_below_old = old && needs(leaf.chain, *old, next);
    bool const is_ours = leaf.is_under_next || (old && is_below(leaf.chain, *old));
    if (leaf.chain.front().is_ca() || !is_ours) return std::optional<Leaf>();
    // Who lost his certificate is not given another by the way.
    leaf.is_revoked = revoked.contains(leaf.chain.front().fingerprint());
    leaf.is_ready = next && is_ready(leaf, *next, revoked);
    auto const key = read_file(directory_.file(stem + ".key"));
    if (leaf.is_revoked)
        leaf.obstacle = "it is revoked";
    else if (leaf.is_below_old && !leaf.is_under_old)
        leaf.obstacle = "its region's CA is below the old CA";
    else if (!key)
        leaf.obstacle = "its key is not here";
    else if (!Key::from_pem(*key))
        leaf.obstacle = "its key is encrypted";
    return std::optional(std::move(leaf));
}

Checked<std::vector<Rotation::Leaf>> Rotation::read_leaves() const {
    std::error_code error;
    std::vector<std::string> stems;
    for (auto const& entry : fs::directory_iterator(directory_.path(), error)) {
        auto const stem = entry.path().stem().string();
        if (entry.path().extension() == ".crt" && !is_ca_file(stem)) stems.push_back(stem);
    }
    if (error) return cannot("read", directory_.path(), error);
    std::ranges::sort(stems);
    auto const revoked = read_revoked(directory_);
    if (!revoked) return revoked.error();
    std::vector<Leaf> leaves;
    for (auto const& stem : stems) {
        auto leaf = read_leaf(stem, *revoked);
        if (!leaf) return leaf.error();
        if (*leaf) leaves.push_back(std::move(**leaf));
    }
    return leaves;
}

Checked<std::vector<RotatedLeaf>> Rotation::leaves() const {
    auto const all = read_leaves();
    if (!all) return all.error();
    std::vector<RotatedLeaf> shown;
    for (auto const& leaf : *all)
        if (leaf.is_below_old || leaf.is_under_next)
            shown.push_back({leaf.stem, leaf.is_under_next, leaf.is_revoked,
                             leaf.is_under_old && leaf.obstacle.empty() && leaf.is_ready,
                             leaf.obstacle});
    return shown;
}

}  // namespace sallyport::pki
