// MySQL's REQUIRE clause (MySQL 8.0 Reference Manual, 13.7.1.3 "CREATE USER SSL/TLS Options"), as
// an [[account]] writes it in `require`.
#pragma once

#include "config/config.hpp"

#include <string>
#include <string_view>

namespace sallyport::config {

/// Reads NONE, or any of SSL, X509, SUBJECT '…', ISSUER '…' and CIPHER '…', each at most once, with
/// or without AND between them, into the demands of `rule`; the word REQUIRE may stand in front.
/// Words are read in any case. A quote inside a text is written twice; a backslash is a backslash.
/// Returns what is wrong with the clause, empty where nothing is.
std::string parse_require(std::string_view clause, AccountRule& rule);

}  // namespace sallyport::config
