// Private keys in files of their own: who may read them (CockroachDB's rule), the password that
// opens them, and how they are loaded for signing.
#pragma once

#include "pki/certificate.hpp"
#include "pki/fault.hpp"

#include <filesystem>
#include <string>

namespace sallyport::pki {

/// A key file, and the file whose first line opens it; empty: the key is not encrypted.
struct KeyFile {
    std::filesystem::path file;
    std::filesystem::path password_file;
};

/// CockroachDB's rule: a regular file, at most 0700; at most 0740 where root owns it and its group
/// is this process's. Not asked where COCKROACH_SKIP_KEY_PERMISSION_CHECK or
/// SALLYPORT_SKIP_KEY_PERMISSION_CHECK is true: some file systems have no modes.
Checked<void> check_key_permissions(std::filesystem::path const& file);

/// The first line of a password file; an empty one is a fault. An empty path gives no password.
Checked<std::string> read_password(std::filesystem::path const& file);

/// The key, after the check of its permissions. Faults name the file and say what opens it.
Checked<Key> load_key(KeyFile const& key_file);

}  // namespace sallyport::pki
