// A certificate issued again by the authority that issued it, in place of its files, as its end
// comes near: what an operator would do by hand, and forgets.
#pragma once

#include "base/errc.hpp"
#include "pki/authority.hpp"
#include "pki/pair.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// When a leaf of `ca` is to be issued again: at two thirds of its life. One that ends with its CA
/// gains nothing by that before its very end.
Time renewal_time(Certificate const& leaf, Certificate const& ca);

/// The leaf of `old` again, from `ca`, for a new key of the same kind: the same subject, the same
/// extensions (SANs, usages, revocation lists), as long a life, but none beyond the CA's. The
/// intermediates of `old` come along.
Credential reissue(Authority const& ca, Credential const& old, Time now);

/// A CA's certificate and key, as `[tls] ca-cert` and `ca-key` name them.
struct AuthorityFiles {
    std::filesystem::path certificate;  ///< of several in it, the one that the key belongs to signs
    std::filesystem::path key;
    std::filesystem::path password_file;  ///< its first line opens the key; empty: none
};
/// Errc::file_unreadable, file_invalid, key_mismatch.
Result<Authority> read_authority(AuthorityFiles const& files);

enum class Reissued { yes, not_due };

/// Issues the leaf of `files` again and replaces both files, under the lock of their directory:
/// where another process was quicker, nothing is done. A key that was encrypted stays so.
///
/// Interrupted at any step, it leaves the old pair, the new one, or what finish_replacement()
/// completes. Errc::would_block (another process works there), file_unreadable (cannot be read or
/// written), file_invalid, key_mismatch, certificate_expired (the CA), certificate_untrusted (the
/// leaf is not of this CA).
Result<Reissued> reissue_files(PairFiles const& files, std::string_view password,
                               AuthorityFiles const& authority, Time now = current_time());

/// Completes a replacement that was interrupted between its two files. Nothing to do is no error,
/// and costs no more than a look at the names.
Result<void> finish_replacement(PairFiles const& files, std::string_view password);

}  // namespace sallyport::pki
