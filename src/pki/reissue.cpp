#include "pki/reissue.hpp"

#include "pki/builder.hpp"
#include "pki/files.hpp"
#include "pki/ledger.hpp"
#include "pki/openssl_calls.hpp"

#include <algorithm>
#include <system_error>
#include <vector>

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// How far a new certificate reaches back, for clients whose clocks run behind: an hour, as
/// everywhere (builder.cpp), but of a short life only so much that a new certificate is far from
/// due.
constexpr seconds longest_backdating = 1h;
constexpr int backdated_part = 12;

/// Where the files really are: a rename must replace them, not the links to them.
Result<PairFiles> resolved(PairFiles const& files) {
    std::error_code error;
    PairFiles real{fs::canonical(files.certificate, error), {}};
    if (!error) real.key = fs::canonical(files.key, error);
    if (error) return Errc::file_unreadable;
    return real;
}

Result<std::string> password_in(fs::path const& file) {
    if (file.empty()) return std::string();
    auto text = read_file(file);
    if (!text) return text;
    return first_line(*text);
}

/// Where the CA has a ledger, what it issues is known there before it is in use: only what is known
/// can be revoked by its number.
Result<void> record(Certificate const& fresh, fs::path const& ca_file) {
    auto const directory = fs::absolute(ca_file).parent_path();
    std::error_code error;
    if (!fs::exists(directory / Ledger::file_name, error)) return {};
    auto const ledger = Ledger::open(directory);
    if (!ledger) return ledger.error();
    return ledger->record(fresh, "node");
}

}  // namespace

Time renewal_time(Certificate const& leaf, Certificate const& ca) {
    if (leaf.not_after() >= ca.not_after()) return leaf.not_after();
    return leaf.not_before() + (leaf.not_after() - leaf.not_before()) * 2 / 3;
}

Credential reissue(Authority const& ca, Credential const& old, Time now) {
    auto const& leaf = old.chain.front();
    auto const life = leaf.not_after() - leaf.not_before();
    auto const begin = now - std::min<seconds>(longest_backdating, life / backdated_part);
    auto const key = Key::generate_like(old.key);
    Builder builder(X509_get_subject_name(leaf.get()), key);
    builder.span(begin, std::min(begin + life, ca.certificate().not_after()));
    builder.extensions_of(leaf);
    auto chain = old.chain;
    chain.front() = std::move(builder).sign(ca.certificate(), ca.key());
    return {std::move(chain), key};
}

Result<Authority> read_authority(AuthorityFiles const& files) {
    auto const text = read_file(files.certificate);
    if (!text) return text.error();
    auto const certificates = Certificate::from_pem(*text);
    if (!certificates) return certificates.error();
    auto const key_text = read_file(files.key);
    if (!key_text) return key_text.error();
    auto const password = password_in(files.password_file);
    if (!password) return password.error();
    auto key = Key::from_pem(*key_text, *password);
    if (!key) return key.error();
    // What we sign with is SHA-256, which keys with a hash of their own do not take.
    bool const signs =
        EVP_PKEY_is_a(key->get(), "EC") == 1 || EVP_PKEY_is_a(key->get(), "RSA") == 1;
    if (!signs) return Errc::file_invalid;
    auto const own = std::ranges::find_if(
        *certificates, [&](Certificate const& candidate) { return candidate.matches(*key); });
    if (own == certificates->end()) return Errc::key_mismatch;
    return Authority::from(*own, std::move(*key));
}

Result<Reissued> reissue_files(PairFiles const& named, std::string_view password,
                               AuthorityFiles const& authority_files, Time now) {
    auto const files = resolved(named);
    if (!files) return files.error();
    // Whoever holds it for long must not keep a gateway from ending: another attempt follows.
    auto const lock = DirectoryLock::try_acquire(files->certificate.parent_path());
    if (!lock) return lock.error();
    if (auto const whole = finish_pair(*files, password); !whole) return whole.error();
    auto const old = read_pair(*files, password);
    if (!old) return old.error();
    auto const ca = read_authority(authority_files);
    if (!ca) return ca.error();
    auto const& leaf = old->chain.front();
    if (!leaf.is_signed_by(ca->certificate())) return Errc::certificate_untrusted;
    if (now < renewal_time(leaf, ca->certificate()) && now >= leaf.not_before())
        return Reissued::not_due;
    if (ca->certificate().not_after() <= now || ca->certificate().not_before() > now)
        return Errc::certificate_expired;
    auto const key_text = read_file(files->key);
    if (!key_text) return key_text.error();
    bool const is_encrypted = !Key::from_pem(*key_text).has_value();
    auto const fresh = reissue(*ca, *old, now);
    auto const key_pem = is_encrypted ? fresh.key.to_pem(password) : fresh.key.to_pem();
    if (auto const known = record(fresh.chain.front(), authority_files.certificate); !known)
        return known.error();
    if (auto const done = replace_pair(*files, fresh.chain, key_pem); !done) return done.error();
    return Reissued::yes;
}

Result<void> finish_replacement(PairFiles const& named, std::string_view password) {
    auto const files = resolved(named);
    // Where there is no pair at all, reading it will say so.
    std::error_code error;
    if (!files || !fs::exists(staged_certificate(*files), error)) return {};
    auto const lock = DirectoryLock::try_acquire(files->certificate.parent_path());
    // Whoever holds it is at work on the pair, and completes it.
    if (!lock && lock.error() == Errc::would_block) return {};
    if (!lock) return lock.error();
    return finish_pair(*files, password);
}

}  // namespace sallyport::pki
