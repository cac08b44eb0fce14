#include "cli/cert/table.hpp"

#include "base/json.hpp"

#include <algorithm>
#include <string_view>

namespace sallyport::cli::cert {
namespace {

/// How many places it takes: characters, where each takes one.
std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    for (; !text.empty(); ++width) text.remove_prefix(std::max<std::size_t>(utf8_length(text), 1));
    return width;
}

std::string spaces(std::size_t count) {
    return std::string(count, ' ');
}

std::string printable(std::string text) {
    std::ranges::replace_if(
        text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; }, '?');
    return text;
}

/// Cells side by side, without blanks at the end.
std::string line(Row const& cells, std::vector<std::size_t> const& widths, bool centred) {
    std::string text = " ";
    for (std::size_t i = 0; i < cells.size(); ++i) {
        auto const gap = widths[i] - width_of(cells[i]);
        auto const before = centred ? gap / 2 : 0;
        text += (i == 0 ? " " : "| ") + spaces(before) + cells[i] + spaces(gap - before) + " ";
    }
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

std::vector<std::string> table(Row const& titles, std::vector<Row> rows) {
    std::vector<std::size_t> widths;
    for (auto const& title : titles) widths.push_back(width_of(title));
    for (auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            row[i] = printable(std::move(row[i]));
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    // One dash more than the cells at both ends.
    std::string rule = "-";
    for (std::size_t i = 0; i < widths.size(); ++i)
        rule += (i == 0 ? "" : "+") + std::string(widths[i] + 2, '-');
    std::vector<std::string> lines{line(titles, widths, true), rule + "-"};
    for (auto const& row : rows) lines.push_back(line(row, widths, false));
    lines.push_back("(" + std::to_string(rows.size()) + (rows.size() == 1 ? " row)" : " rows)"));
    return lines;
}

}  // namespace sallyport::cli::cert
