#include "wire/mysql/statement.hpp"

#include <algorithm>
#include <array>

namespace sallyport::mysql {
namespace {

constexpr std::string_view blanks = " \t\n\v\f\r";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// What cannot end a number or a name. A dot belongs to it: 1073741825.5 is no connection id.
bool is_word(char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '$' || c == '.' || c == '@';
}
char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// `word` in any case; `keyword` in capitals.
bool same(std::string_view word, std::string_view keyword) {
    return std::equal(word.begin(), word.end(), keyword.begin(), keyword.end(),
                      [](char left, char right) { return upper(left) == right; });
}

/// The rest of `text` from `position`, which may be npos.
std::string_view from(std::string_view text, std::size_t position) {
    return text.substr(std::min(position, text.size()));
}

std::string_view skip_through(std::string_view text, std::string_view end) {
    auto const found = text.find(end);
    return found == text.npos ? std::string_view{} : text.substr(found + end.size());
}

/// /*! and /*M! are comments to some servers only: what is in them may be carried out.
bool is_conditional(std::string_view comment) {
    return comment.starts_with("/*!") || comment.starts_with("/*M!");
}

/// The two dashes need a blank after them, or the end.
bool is_dash_comment(std::string_view text) {
    return text.starts_with("--") && (text.size() == 2 || blanks.find(text[2]) != blanks.npos);
}

/// Without the white space and the comments at its front.
std::string_view skip_blanks(std::string_view text) {
    while (true) {
        text = from(text, text.find_first_not_of(blanks));
        if (text.starts_with("/*") && !is_conditional(text))
            text = skip_through(text.substr(2), "*/");
        else if (text.starts_with('#') || is_dash_comment(text))
            text = skip_through(text, "\n");
        else
            return text;
    }
}

/// A statement word by word; every other character is a word of its own.
class Words {
 public:
    explicit Words(std::string_view text) : rest_(text) { advance(); }

    std::string_view current() const { return current_; }
    bool take(std::string_view keyword) {
        if (!same(current_, keyword)) return false;
        advance();
        return true;
    }
    std::string_view take_any() {
        auto const taken = current_;
        advance();
        return taken;
    }
    /// True where nothing but a semicolon is left.
    bool take_end() {
        take(";");
        return current_.empty();
    }

 private:
    void advance() {
        auto const text = skip_blanks(rest_);
        auto const end = std::find_if_not(text.begin(), text.end(), is_word);
        auto const length = static_cast<std::size_t>(end - text.begin());
        current_ = text.substr(0, std::max<std::size_t>(length, 1));
        rest_ = text.substr(current_.size());
    }

    std::string_view rest_;
    std::string_view current_;
};

Statement read_kill(Words& words) {
    if (!words.take("HARD")) words.take("SOFT");
    if (!words.take("CONNECTION")) words.take("QUERY");
    // KILL QUERY ID counts queries, KILL USER names accounts: both have a word here.
    auto const number = words.take_any();
    bool const is_number = !number.empty() && std::all_of(number.begin(), number.end(), is_digit);
    if (!is_number || !words.take_end()) return {};
    return {.kind = Statement::Kind::kill, .number = number};
}

/// MySQL: ALTER INSTANCE RELOAD TLS [FOR CHANNEL name] [NO ROLLBACK ON ERROR]
bool read_alter(Words& words) {
    if (!words.take("INSTANCE") || !words.take("RELOAD") || !words.take("TLS")) return false;
    if (words.take("FOR")) {
        if (!words.take("CHANNEL")) return false;
        words.take_any();
    }
    if (words.take("NO")) {
        if (!words.take("ROLLBACK") || !words.take("ON") || !words.take("ERROR")) return false;
    }
    return words.take_end();
}

/// MariaDB: FLUSH [NO_WRITE_TO_BINLOG | LOCAL] SSL
bool read_flush(Words& words) {
    if (!words.take("NO_WRITE_TO_BINLOG")) words.take("LOCAL");
    return words.take("SSL") && words.take_end();
}

}  // namespace

Statement recognise(std::string_view text) {
    Words words(text);
    if (words.take("KILL")) return read_kill(words);
    bool const reload =
        words.take("ALTER") ? read_alter(words) : words.take("FLUSH") && read_flush(words);
    return {.kind = reload ? Statement::Kind::reload : Statement::Kind::other};
}

bool may_become_ours(std::string_view text) {
    auto const rest = skip_blanks(text);
    // Nothing yet, or what may still become a comment.
    if (rest.empty() || rest == "/" || rest == "-") return true;
    auto const end = std::find_if_not(rest.begin(), rest.end(), is_word);
    auto const length = static_cast<std::size_t>(end - rest.begin());
    auto const word = rest.substr(0, length);
    bool const complete = length < rest.size();
    static constexpr std::array<std::string_view, 3> ours{"KILL", "ALTER", "FLUSH"};
    return length > 0 && std::any_of(ours.begin(), ours.end(), [&](std::string_view keyword) {
               return same(word, complete ? keyword : keyword.substr(0, length));
           });
}

}  // namespace sallyport::mysql
