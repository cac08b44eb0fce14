// The configuration file as every command reads it: what is wrong with it is said, not returned.
#pragma once

#include "config/config.hpp"

#include <optional>

namespace sallyport::cli {

/// The file's settings, after a `warning:` for each choice that an operator should hear about. None
/// where it cannot be served; then there was an `error:` for each problem.
std::optional<config::Config> read_settings(std::filesystem::path const& file);

/// Whether the directory is there and not ours. Keys are made 0600: made in it by another user than
/// the gateway's, the gateway could not read them.
bool is_for_another_user(std::filesystem::path const& data_dir);

}  // namespace sallyport::cli
