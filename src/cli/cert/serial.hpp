// Serial numbers as people copy them from other tools.
#pragma once

#include <string>
#include <string_view>

namespace sallyport::cli::cert {

/// As Certificate::serial() writes it, from "0A:1b", "0xa1b" or "serial=0A1B"; empty where it is no
/// serial number.
std::string to_serial(std::string_view word);

}  // namespace sallyport::cli::cert
