// The files of `trust-dir` that are fit for everybody: bundles, certificates, revocation lists.
// Read anew whenever they change.
//
// What keeps the rest of the machine out: a name is letters, digits, dots, dashes and underscores,
// with one of four endings; it is opened below the directory, never through a link that leads out
// of it; and its content must be what its name says, to the last byte (pki/publishable.hpp).
#pragma once

#include "base/errc.hpp"

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::console {

/// A file as it is served.
struct Published {
    std::string name;
    std::string type;  ///< its media type
    std::string content;
    std::string digest;  ///< SHA-256 of `content`, lower-case hex
    std::time_t modified = 0;
};
using PublishedPtr = std::shared_ptr<Published const>;

/// The media type that a file of this name has; empty where such a name is not served.
std::string_view media_type(std::string_view name);
/// One that we made ourselves.
PublishedPtr publish(std::string name, std::string content, std::time_t modified);

class TrustDirectory {
 public:
    /// As the largest of public bundles, a hundred times over.
    static constexpr std::size_t max_file_size = std::size_t{16} * 1024 * 1024;
    /// More are not listed (each can still be fetched).
    static constexpr std::size_t max_listed = 1'000;

    explicit TrustDirectory(std::filesystem::path directory) : directory_(std::move(directory)) {}

    /// Null where there is no such file, or none that may be shown: the log says why, once for each
    /// state of the file. Safe from any thread.
    PublishedPtr find(std::string const& name);
    /// All of them by name. Safe from any thread.
    std::vector<PublishedPtr> all();

 private:
    /// What changes when a file is written or replaced.
    struct Stamp {
        std::uint64_t inode = 0;
        std::int64_t size = 0;
        std::int64_t modified_ns = 0;
        std::int64_t changed_ns = 0;
        friend bool operator==(Stamp const&, Stamp const&) = default;
    };
    struct Known {
        Stamp stamp;
        PublishedPtr file;  ///< null: not to be shown
    };

    PublishedPtr read(int descriptor, std::string const& name, std::time_t modified) const;

    std::filesystem::path const directory_;
    std::mutex mutex_;
    std::map<std::string, Known> known_;
};

}  // namespace sallyport::console
