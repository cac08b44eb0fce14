// The certificates directory that CockroachDB users know: one place with fixed names, which
// Sallyport, MariaDB, PostgreSQL and CockroachDB read as it is. Whoever writes to it holds its lock
// and changes several files as one.
//
// The change: new files are written whole into `.staged.new`, which is then renamed to `.staged`;
// from this moment the change is decided. Its files are then renamed into the directory, one by
// one. Whatever a crash interrupts, the next writer finishes (`.staged`) or forgets
// (`.staged.new`). CockroachDB passes over sub-directories, so it never sees half of it.
#pragma once

#include "pki/authority.hpp"
#include "pki/fault.hpp"
#include "pki/key_access.hpp"
#include "pki/key_file.hpp"
#include "pki/pair.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// The names in the directory. Those of CockroachDB: it takes no other name that ends in .crt.
namespace certs_names {
inline constexpr std::string_view ca = "ca.crt";
inline constexpr std::string_view client_ca = "ca-client.crt";
inline constexpr std::string_view node = "node";  ///< stem of node.crt and node.key
inline constexpr std::string_view staged = ".staged";

/// "client.USER": stem of the pair of a user.
std::string client(std::string_view user);
}  // namespace certs_names

/// A file to write: `name` relative to the directory, at most one sub-directory deep.
struct NewFile {
    std::string name;
    std::string content;
    bool is_private = false;  ///< 0600, and the group that may read its predecessor; else 0644
};

/// STEM.crt and STEM.key of a credential; `password` encrypts the key, unless empty.
std::vector<NewFile> files_of(std::string_view stem, Credential const& credential,
                              std::string_view password = {});

class CertsDirectory {
 public:
    /// What a person is to be told of while a directory is written.
    struct Notices {
        std::function<void()> on_wait;  ///< before waiting for another holder
        /// A group could read the file that is replaced, and cannot read the new one.
        std::function<void(std::filesystem::path const& file)> on_lost_readers{};
    };

    /// For reading. Takes no lock: files are replaced whole.
    static Checked<CertsDirectory> open(std::filesystem::path const& directory);
    /// For writing: makes the directory (0700) where it is missing, waits for its lock, holds it,
    /// and finishes a change that was interrupted.
    static Checked<CertsDirectory> open_to_write(std::filesystem::path const& directory,
                                                 Notices notices);

    std::filesystem::path const& path() const { return path_; }
    std::filesystem::path file(std::string_view name) const { return path_ / name; }
    /// Whether there is anything of that name: also a dangling link.
    bool has(std::string_view name) const;
    /// A change was decided and not finished: the next writer finishes it.
    bool was_interrupted() const;

    /// All certificates of one of its files.
    Checked<std::vector<Certificate>> read_certificates(std::string_view name) const;

    /// The CA of the first certificate in one of `names` (in that order; those that are not there
    /// are passed over) that belongs to the key. A fault where there is none, or where it is no
    /// CA, expired, or not valid yet.
    Checked<Authority> load_authority(std::vector<std::string_view> const& names,
                                      KeyFile const& key, Time now = current_time()) const;

    /// Writes all files or none. Without `overwrite` it is a fault that one of them is there.
    /// `before_commit` is asked when all of it is on the disk and nothing has been replaced: its
    /// fault forgets the change (a ledger that cannot be written). Needs open_to_write.
    Checked<void> write(std::vector<NewFile> const& files, bool overwrite,
                        std::function<Checked<void>()> const& before_commit = {}) const;

 private:
    explicit CertsDirectory(std::filesystem::path path) : path_(std::move(path)) {}

    Checked<void> finish_interrupted() const;
    Result<Readers> write_staged(std::filesystem::path const& target, NewFile const& one) const;
    Checked<void> stage(std::vector<NewFile> const& files) const;

    std::filesystem::path path_;
    std::optional<DirectoryLock> lock_;
    Notices notices_;
};

}  // namespace sallyport::pki
