// How the load client ends when a load cannot be made: a half-made load would be a wrong figure, so
// any fault of any connection ends the whole program.
#pragma once

#include <string_view>

namespace load {

/// Says `what`, with errno and OpenSSL's own words where there are any, and ends the program
/// with 1.
[[noreturn]] void fail(std::string_view what);

}  // namespace load
