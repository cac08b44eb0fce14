// Files that hold keys and certificates: written whole or not at all, with the right mode from the
// first byte (a temporary file beside the target, fsync, rename, fsync of the directory).
#pragma once

#include "base/errc.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// The file's whole content; Errc::file_unreadable. Files over 16 MiB are Errc::file_invalid.
Result<std::string> read_file(std::filesystem::path const& file);
/// Mode 0600 from creation.
Result<void> write_private(std::filesystem::path const& file, std::string_view content);
/// Mode 0644.
Result<void> write_public(std::filesystem::path const& file, std::string_view content);
/// Makes renames in it last: a rename is only as durable as the directory that holds it.
Result<void> sync_directory(std::filesystem::path const& directory);
/// Makes the directory (and its parents) with mode 0700, or checks that it is a directory.
Result<void> make_private_directory(std::filesystem::path const& directory);

}  // namespace sallyport::pki
