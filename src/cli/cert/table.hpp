// A table as CockroachDB's command line prints one: titles centred, cells to the left, no frame.
#pragma once

#include <string>
#include <vector>

namespace sallyport::cli::cert {

using Row = std::vector<std::string>;

/// Every line of it, the number of rows last: "(3 rows)". Control characters in a cell are shown as
/// question marks: names come from files of anybody's making, and go to a terminal.
std::vector<std::string> table(Row const& titles, std::vector<Row> rows);

}  // namespace sallyport::cli::cert
