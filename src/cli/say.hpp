// What the commands say to a person: data on stdout, everything else on stderr, in plain ASCII.
// Lower case, no full stop; an `error:` line may be followed by a `hint:` line.
#pragma once

#include <string_view>

namespace sallyport::cli {

/// "error: what" and, where there is one, "hint: hint", on stderr.
void error(std::string_view what, std::string_view hint = {});
/// "warning: what" and, where there is one, "hint: hint", on stderr.
void warning(std::string_view what, std::string_view hint = {});
/// "note: what" on stderr.
void note(std::string_view what);
/// "==> step" on stderr: one line for each step of something that takes a while.
void progress(std::string_view step);
/// One line of data on stdout.
void out(std::string_view line);

}  // namespace sallyport::cli
