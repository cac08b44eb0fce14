// Where the databases' programs are.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sallyport::cli {

/// The directories of PATH, and /usr/sbin, where servers are and a person's PATH seldom leads.
std::vector<std::filesystem::path> program_directories();

/// Whether the directory has a program of that name that we can run.
bool has_program(std::filesystem::path const& directory, std::string const& name);

}  // namespace sallyport::cli
