// Command lines that a person pastes into a shell.
#pragma once

#include "cli/demo/child.hpp"

#include <string_view>

namespace sallyport::cli {

Arguments operator+(Arguments all, Arguments const& more);

/// One argument as a shell reads it back, quoted where it must be.
std::string shell_quoted(std::string const& argument);

/// The words after `start`, on as many lines as they need; `line_end` stands where one goes on.
std::string folded(std::string const& start, Arguments const& words, std::string_view line_end);

}  // namespace sallyport::cli
