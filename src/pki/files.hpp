// Files that hold keys and certificates: written whole or not at all, with the right mode from the
// first byte (a temporary file beside the target, fsync, rename, fsync of the directory).
#pragma once

#include "base/errc.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// The file's whole content; Errc::file_unreadable. Files over 16 MiB are Errc::file_invalid.
Result<std::string> read_file(std::filesystem::path const& file);
/// What a password file says: its first line, without the end of it.
std::string first_line(std::string_view text);
/// Mode 0600 from creation.
Result<void> write_private(std::filesystem::path const& file, std::string_view content);
/// Mode 0644.
Result<void> write_public(std::filesystem::path const& file, std::string_view content);
inline constexpr unsigned private_mode = 0600;
inline constexpr unsigned public_mode = 0644;

/// What errno says.
error_code last_system_error();

/// Whether a file that is there already may be replaced.
enum class Existing { replaced, kept };

/// What both do, with the system's reason where it fails, for those who tell a person about it.
/// `mode` are the permission bits. Existing::kept fails with std::errc::file_exists, also where
/// another process makes the file at the same moment.
error_code write_whole(std::filesystem::path const& file, std::string_view content, unsigned mode,
                       Existing existing = Existing::replaced);
/// The same with `set_access`, which gives the descriptor its mode before anything is written:
/// false with errno where it cannot.
error_code write_whole(std::filesystem::path const& file, std::string_view content,
                       std::function<bool(int descriptor)> const& set_access,
                       Existing existing = Existing::replaced);
/// fsync of a directory: what was renamed in it or out of it stays so after a power cut.
error_code sync_directory(std::filesystem::path const& directory);

/// Makes the directory (and its parents) with mode 0700, or checks that it is a directory.
Result<void> make_private_directory(std::filesystem::path const& directory);

}  // namespace sallyport::pki
