// Reads the configuration file: TOML to Config, every value checked, every problem with its file
// and line and, where we know, what was probably meant. The one door to toml++ is this folder.
#pragma once

#include "config/config.hpp"

#include <boost/system/result.hpp>

#include <string>
#include <vector>

namespace sallyport::config {

/// One thing that is wrong, or dangerous, in the file.
struct Problem {
    std::string what;  ///< begins with "file:line: ", the file as `load` was given it
    std::string hint;  ///< what to do about it; empty where we do not know
};

/// A configuration that can be served, and the choices in it that an operator should hear about.
struct Loaded {
    Config config;
    std::vector<Problem> warnings;
};

using LoadResult = boost::system::result<Loaded, std::vector<Problem>>;

/// Loads `file` and checks it: unknown keys, types, ranges, names that must be unique or must
/// exist, files that must be there, settings that contradict each other. What is inside the
/// certificates is not looked at (gateway/world does). Fails with all problems that were found, in
/// the order of the file; never with none. Relative paths in the file start at its directory.
LoadResult load(path const& file);

}  // namespace sallyport::config
