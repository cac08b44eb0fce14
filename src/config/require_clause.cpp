#include "config/require_clause.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <vector>

namespace sallyport::config {

namespace {

/// A word in upper case, or a text that stood in quotes.
struct Token {
    std::string text;
    bool quoted = false;
};

bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}
bool is_quote(char c) {
    return c == '\'' || c == '"';
}

/// The text that begins after the quote at `at`, which is moved behind the closing quote.
std::optional<std::string> quoted_text(std::string_view clause, std::size_t& at) {
    char const quote = clause[at++];
    std::string text;
    while (at < clause.size()) {
        if (clause[at] == quote) {
            bool const doubled = at + 1 < clause.size() && clause[at + 1] == quote;
            if (!doubled) {
                ++at;
                return text;
            }
            ++at;
        }
        text += clause[at++];
    }
    return std::nullopt;
}

std::optional<std::vector<Token>> tokens_of(std::string_view clause) {
    std::vector<Token> tokens;
    std::size_t at = 0;
    while (at < clause.size()) {
        if (is_space(clause[at])) {
            ++at;
        } else if (is_quote(clause[at])) {
            auto text = quoted_text(clause, at);
            if (!text) return std::nullopt;
            tokens.push_back({std::move(*text), true});
        } else {
            std::string word;
            while (at < clause.size() && !is_space(clause[at]) && !is_quote(clause[at]))
                word += static_cast<char>(std::toupper(static_cast<unsigned char>(clause[at++])));
            tokens.push_back({std::move(word), false});
        }
    }
    return tokens;
}

/// What one word of the clause demands, and where the text behind it goes (null: it takes none).
struct Demand {
    std::string_view word;
    bool AccountRule::*flag;
    std::string AccountRule::*text;
};

constexpr std::array demands{
    Demand{"SSL", &AccountRule::ssl, nullptr},
    Demand{"X509", &AccountRule::x509, nullptr},
    Demand{"SUBJECT", &AccountRule::x509, &AccountRule::subject},
    Demand{"ISSUER", &AccountRule::x509, &AccountRule::issuer},
    Demand{"CIPHER", &AccountRule::ssl, &AccountRule::cipher},
};

/// Reads the tokens in their order; the first thing that does not fit ends it.
class Parser {
 public:
    explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    std::string run(AccountRule& rule) {
        if (skip("REQUIRE") && at_end()) return "demands nothing";
        if (at_end()) return "is empty";
        if (skip("NONE")) return at_end() ? "" : "has more after NONE";
        while (!at_end()) {
            if (std::string fault = read_demand(rule); !fault.empty()) return fault;
            if (skip("AND") && at_end()) return "has nothing after AND";
        }
        return {};
    }

 private:
    bool at_end() const { return next_ == tokens_.size(); }

    bool skip(std::string_view word) {
        if (at_end() || tokens_[next_].quoted || tokens_[next_].text != word) return false;
        ++next_;
        return true;
    }

    std::string read_demand(AccountRule& rule) {
        Token const token = tokens_[next_++];
        if (token.quoted) return "has '" + token.text + "' without a word before it";
        auto const* const demand =
            std::find_if(demands.begin(), demands.end(),
                         [&](Demand const& known) { return known.word == token.text; });
        if (demand == demands.end()) return "has the unknown word " + token.text;
        if (!seen_.insert(demand->word).second) return "has " + token.text + " twice";

        rule.ssl = true;
        rule.*demand->flag = true;
        if (demand->text == nullptr) return {};
        if (at_end() || !tokens_[next_].quoted || tokens_[next_].text.empty())
            return "has no text in quotes after " + token.text;
        rule.*demand->text = tokens_[next_++].text;
        return {};
    }

    std::vector<Token> tokens_;
    std::size_t next_ = 0;
    std::set<std::string_view> seen_;
};

}  // namespace

std::string parse_require(std::string_view clause, AccountRule& rule) {
    auto tokens = tokens_of(clause);
    if (!tokens) return "has a quote that does not end";
    return Parser(std::move(*tokens)).run(rule);
}

}  // namespace sallyport::config
