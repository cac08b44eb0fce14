#include "cli/demo/paste.hpp"

namespace sallyport::cli {
namespace {

constexpr std::string_view margin = "  ";
/// Of a line that goes on another one's command.
constexpr std::string_view further_margin = "        ";
constexpr std::size_t width = 88;

}  // namespace

Arguments operator+(Arguments all, Arguments const& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

std::string shell_quoted(std::string const& argument) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+./:,@%";
    if (argument.find_first_not_of(plain) == std::string::npos) return argument;
    std::string quoted = "'";
    for (char const letter : argument)
        quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return quoted + "'";
}

std::string folded(std::string const& start, Arguments const& words, std::string_view line_end) {
    std::string text;
    std::string line = std::string(margin) + start;
    bool is_first = true;
    for (auto const& word : words) {
        if (!is_first && line.size() + 1 + word.size() > width) {
            text += line + std::string(line_end) + "\n";
            line = further_margin;
            is_first = true;
        }
        line += (is_first ? "" : " ") + word;
        is_first = false;
    }
    return text + line;
}

}  // namespace sallyport::cli
