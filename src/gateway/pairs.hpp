// Our own certificates and keys, read from the operator's files and checked as a whole: parsed,
// fitting, in order, not expired.
#pragma once

#include "gateway/material.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// The whole of a file, which is to be watched from now on.
Checked<std::string> read_watched(std::filesystem::path const& file, Material& material);
/// The first line of a password file; empty where there is no file.
Checked<std::string> read_password(std::filesystem::path const& file, Material& material);
/// The pairs of `certs` and `keys`, in their order.
Checked<std::vector<pki::Credential>> load_pairs(std::vector<std::filesystem::path> const& certs,
                                                 std::vector<std::filesystem::path> const& keys,
                                                 std::string const& password, Material& material,
                                                 Served const& served);

}  // namespace sallyport::gateway
