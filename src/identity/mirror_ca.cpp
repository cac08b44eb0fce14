#include "identity/mirror_ca.hpp"

#include "base/log.hpp"
#include "pki/files.hpp"
#include "pki/pair.hpp"
#include "pki/succession.hpp"

#include <algorithm>
#include <system_error>

namespace sallyport::identity {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

// A mirror CA lives in the databases' trust files, where only an operator can replace it.
constexpr auto mirror_ca_lifetime = days(3652);

// How much of the authority's fingerprint names its files: 64 bits tell apart the few CAs of one
// directory, and an operator can still read them out loud.
constexpr std::size_t file_name_length = 16;

Result<std::vector<pki::Certificate>> read_certificates(fs::path const& file) {
    auto const text = pki::read_file(file);
    if (!text) return text.error();
    return pki::Certificate::from_pem(*text);
}

Result<pki::Key> read_key(fs::path const& file) {
    auto const text = pki::read_file(file);
    if (!text) return text.error();
    return pki::Key::from_pem(*text);
}

/// The one of `certificates` that `key` belongs to; their end where there is none.
auto find_by_key(std::vector<pki::Certificate>& certificates, pki::Key const& key) {
    return std::ranges::find_if(certificates, [&](auto const& each) { return each.matches(key); });
}

/// Puts the certificate of `key` first.
Result<std::vector<pki::Certificate>> led_by(pki::Key const& key,
                                             std::vector<pki::Certificate> certificates) {
    auto const own = find_by_key(certificates, key);
    if (own == certificates.end()) return Errc::key_mismatch;
    std::rotate(certificates.begin(), own, own + 1);
    return certificates;
}

Result<MirrorCa> read_mirror_ca(fs::path const& directory, std::string const& stem,
                                pki::Certificate const& real) {
    auto const files = pki::pair_files(directory, stem);
    auto const certificates = read_certificates(files.certificate);
    if (!certificates) return certificates.error();
    auto const key = read_key(files.key);
    if (!key) return key.error();
    auto const roots = led_by(*key, *certificates);
    if (!roots) return roots.error();
    auto const& certificate = roots->front();
    if (certificate.subject() != real.subject()) return Errc::file_invalid;
    if (certificate.not_after() <= pki::current_time()) return Errc::certificate_expired;
    auto const issuing = pki::Authority::from(certificate, *key);
    if (!issuing) return issuing.error();
    MirrorCa ca{*issuing, *roots, {}};
    auto const cross_file = directory / (stem + "-cross.crt");
    if (!fs::exists(cross_file)) return ca;
    auto const cross = read_certificates(cross_file);
    if (!cross) return cross.error();
    // Before the move it vouches for a CA that does not issue yet.
    if (pki::have_same_key(cross->front(), certificate)) ca.cross = *cross;
    return ca;
}

/// Whoever finds no certificate makes the pair; a key that stands alone is what a crash left, and
/// no database can trust it. A certificate without key is an error: databases may trust that one.
Result<MirrorCa> read_or_make_mirror_ca(fs::path const& directory, std::string const& stem,
                                        pki::Certificate const& real) {
    auto const files = pki::pair_files(directory, stem);
    if (fs::exists(files.certificate)) return read_mirror_ca(directory, stem, real);
    auto const lock = pki::DirectoryLock::acquire(directory);
    if (!lock) return lock.error();
    if (fs::exists(files.certificate)) return read_mirror_ca(directory, stem, real);

    auto const authority = pki::Authority::create_like(real, mirror_ca_lifetime);
    auto const written = pki::write_pair(files, {{authority.certificate()}, authority.key()});
    if (!written) return written.error();
    log::info("mirror CA created", {{"file", files.certificate.string()},
                                    {"subject", authority.certificate().subject()}});
    return MirrorCa{authority, {authority.certificate()}, {}};
}

Result<void> move_file(fs::path const& from, fs::path const& to) {
    std::error_code error;
    fs::rename(from, to, error);
    return error ? Result<void>(Errc::file_unreadable) : Result<void>();
}

Result<void> remove_file(fs::path const& file) {
    std::error_code error;
    fs::remove(file, error);
    return error ? Result<void>(Errc::file_unreadable) : Result<void>();
}

}  // namespace

Result<MirrorCa> open_mirror_ca(fs::path const& directory, pki::Certificate const& real) {
    auto const stem = real.authority_fingerprint().substr(0, file_name_length);
    auto ca = read_or_make_mirror_ca(directory, stem, real);
    if (!ca)
        log::error("the mirror cannot be opened", {{"file", (directory / (stem + ".crt")).string()},
                                                   {"reason", ca.error().message()}});
    return ca;
}

Result<std::vector<MirrorRotation>> MirrorRotation::all(fs::path const& directory) {
    std::error_code error;
    std::vector<MirrorRotation> found;
    for (auto const& entry : fs::directory_iterator(directory, error)) {
        auto const stem = entry.path().stem().string();
        bool const is_stem = stem.size() == file_name_length &&
                             stem.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (is_stem && entry.path().extension() == ".crt")
            found.push_back(MirrorRotation(directory, stem));
    }
    if (error) return Errc::file_unreadable;
    std::ranges::sort(found, {}, &MirrorRotation::stem);
    return found;
}

Result<std::vector<pki::Certificate>> MirrorRotation::roots() const {
    auto const certificates = read_certificates(file(".crt"));
    if (!certificates) return certificates.error();
    auto const key = read_key(file(".key"));
    if (!key) return key.error();
    return led_by(*key, *certificates);
}

Result<MirrorPhase> MirrorRotation::phase() const {
    auto known = roots();
    if (!known) return known.error();
    bool const has_old_key = fs::exists(file("-old.key"));
    if (fs::exists(file("-next.key"))) {
        if (has_old_key) return MirrorPhase::finishing;
        auto const next = read_key(file("-next.key"));
        if (!next) return next.error();
        bool const is_told = find_by_key(*known, *next) != known->end();
        return is_told ? MirrorPhase::begun : MirrorPhase::beginning;
    }
    bool const has_both = known->size() > 1;
    if (has_old_key) return has_both ? MirrorPhase::finished : MirrorPhase::retiring;
    return fs::exists(file("-cross.crt")) ? MirrorPhase::retiring : MirrorPhase::settled;
}

Result<pki::Key> MirrorRotation::ensure_next_key() const {
    if (fs::exists(file("-next.key"))) return read_key(file("-next.key"));
    auto const key = pki::Key::generate(pki::KeyType::ecdsa_p256);
    auto const written = pki::write_private(file("-next.key"), key.to_pem());
    if (!written) return written.error();
    return key;
}

Result<void> MirrorRotation::begin() const {
    auto known = roots();
    if (!known) return known.error();
    auto const old_key = read_key(file(".key"));
    if (!old_key) return old_key.error();
    auto const old = pki::Authority::from(known->front(), *old_key);
    if (!old) return old.error();
    auto const next_key = ensure_next_key();
    if (!next_key) return next_key.error();
    if (find_by_key(*known, *next_key) != known->end()) return {};
    auto const next = pki::next_root(old->certificate(), *next_key, mirror_ca_lifetime);
    auto const cross = pki::cross_sign(*old, next.certificate());
    if (auto const written = pki::write_public(file("-cross.crt"), cross.to_pem()); !written)
        return written;
    known->push_back(next.certificate());
    return pki::write_public(file(".crt"), pki::to_pem(*known));
}

Result<void> MirrorRotation::finish() const {
    if (!fs::exists(file("-old.key"))) {
        // A second name, not a move: the key that issues is never missing.
        std::error_code error;
        fs::create_hard_link(file(".key"), file("-old.key"), error);
        if (error) return Errc::file_unreadable;
    }
    if (!fs::exists(file("-next.key"))) return {};
    if (auto const moved = move_file(file("-next.key"), file(".key")); !moved) return moved;
    auto const known = roots();
    if (!known) return known.error();
    // For people who read it: the one that issues comes first.
    return pki::write_public(file(".crt"), pki::to_pem(*known));
}

Result<void> MirrorRotation::retire() const {
    auto const known = roots();
    if (!known) return known.error();
    if (auto const told = pki::write_public(file(".crt"), known->front().to_pem()); !told)
        return told;
    if (auto const removed = remove_file(file("-cross.crt")); !removed) return removed;
    return remove_file(file("-old.key"));
}

}  // namespace sallyport::identity
