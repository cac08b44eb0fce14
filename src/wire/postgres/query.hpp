// One question to a database by the extended query protocol (chapter 55.2.3): Parse, Bind, Execute
// and Sync go out together, and of what comes back only DataRow must be read. Source: PostgreSQL
// documentation, "Message Formats" (chapter 55.7).
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sallyport::postgres {

namespace message {
inline constexpr char parse = 'P';    ///< to the database
inline constexpr char bind = 'B';     ///< to the database
inline constexpr char execute = 'E';  ///< to the database
inline constexpr char sync = 'S';     ///< to the database
}  // namespace message

/// A statement with parameters $1, $2, ... in it, and their values as text. A value's encoding is
/// that of the database: nothing is converted.
struct Question {
    std::string_view statement;
    std::vector<std::string_view> parameters;
    std::uint32_t max_rows = 0;  ///< more are not sent (PortalSuspended tells); 0: all of them
};
/// The four messages, with nothing named and all values as text.
Buffer write_question(Question const& question);

/// A value of a row; empty: NULL.
using Value = std::optional<std::string_view>;

/// From the body of a DataRow, 'D'. The views point into the body. Errc::malformed where the values
/// do not fill it exactly.
Result<std::vector<Value>> read_data_row(Bytes body);

}  // namespace sallyport::postgres
