// Who may read a private key beside its owner: a group (0640), by which operators share one with a
// database, a backup or a second gateway. A key that replaces another keeps that group, and never
// becomes more widely readable than the one before.
#pragma once

#include "base/errc.hpp"

#include <filesystem>
#include <optional>
#include <string_view>
#include <sys/types.h>

namespace sallyport::pki {

struct ReadingGroup {
    gid_t id{};
    /// An access control list stands behind the mode, which then does not say what the group may.
    bool has_list = false;
};

/// None where there is no such file, where its group may not read it, and where everybody may: what
/// is open to all by mistake is not left half open.
std::optional<ReadingGroup> reading_group(std::filesystem::path const& file);

enum class Readers {
    kept,  ///< the group that may read it is the wanted one; also where none is wanted
    lost,  ///< 0600: this process may not give the file to that group
};

/// Writes the file whole (files.hpp): 0640 with that group, else 0600. Errors are the system's.
Result<Readers> write_key(std::filesystem::path const& file, std::string_view content,
                          std::optional<ReadingGroup> const& group);

/// The same for a file that stands in its own place: its group stays. Where it cannot, that is a
/// warning in the log. Errc::file_unreadable.
Result<void> replace_key(std::filesystem::path const& file, std::string_view content);

}  // namespace sallyport::pki
