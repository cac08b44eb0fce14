// A certificate and its key in two files of a directory: read together, written so that a crash
// between the two shows, and guarded against a second process that does the same.
#pragma once

#include "base/errc.hpp"
#include "pki/certificate.hpp"

#include <chrono>
#include <filesystem>
#include <string_view>
#include <vector>

namespace sallyport::pki {

struct PairFiles {
    std::filesystem::path certificate;
    std::filesystem::path key;
};

/// `stem`.crt and `stem`.key in `directory`.
PairFiles pair_files(std::filesystem::path const& directory, std::string_view stem);

/// `password` opens an encrypted key. Errc::file_unreadable, file_invalid, or key_mismatch.
Result<Credential> read_pair(PairFiles const& files, std::string_view password = {});

/// Each file is replaced as a whole, the key (0600; a group that may read it stays) before the
/// certificate. After a crash between the two, read_pair finds a key_mismatch, or no certificate:
/// never a pair that seems sound. A full disk is met before anything is replaced.
Result<void> write_pair(PairFiles const& files, Credential const& credential);
/// The same with a key that is PEM already.
Result<void> replace_pair(PairFiles const& files, std::vector<Certificate> const& chain,
                          std::string_view key_pem);
/// Where the new certificate waits while its key is put in place. No other tool takes this name for
/// a certificate's.
std::filesystem::path staged_certificate(PairFiles const& files);
/// Completes, or undoes, what a crash in replace_pair() has left. To be called under the lock of
/// the directory: another process may be at work there.
Result<void> finish_pair(PairFiles const& files, std::string_view password = {});

/// While it lives, no other holder (in this process or another) works on the directory. The file
/// `.lock` in it stays behind: removing it would let two holders in.
class DirectoryLock {
 public:
    /// Waits for the present holder. Errc::file_unreadable where the directory takes no files.
    static Result<DirectoryLock> acquire(std::filesystem::path const& directory);
    /// Waits that long, then gives up with Errc::would_block.
    static Result<DirectoryLock> acquire(std::filesystem::path const& directory,
                                         std::chrono::milliseconds patience);
    /// The same, but gives up at once with Errc::would_block where there is a holder.
    static Result<DirectoryLock> try_acquire(std::filesystem::path const& directory);

    DirectoryLock(DirectoryLock&& other) noexcept;
    DirectoryLock& operator=(DirectoryLock&& other) noexcept;
    ~DirectoryLock();

 private:
    explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
    static Result<DirectoryLock> lock(std::filesystem::path const& directory, int operation);

    int descriptor_;
};

}  // namespace sallyport::pki
