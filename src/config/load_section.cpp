#include "config/load_section.hpp"

#include <cmath>
#include <sstream>

namespace sallyport::config {

namespace {

/// No clock of ours makes sense beyond a day, and milliseconds stay far from overflow.
constexpr double max_seconds = 86'400;
/// The clocks count milliseconds.
constexpr double min_seconds = 0.001;

std::string_view describe(toml::node_type type) {
    switch (type) {
        case toml::node_type::none:
            return "nothing";
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "text";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a number with decimals";
        case toml::node_type::boolean:
            return "true or false";
        case toml::node_type::date:
            return "a date";
        case toml::node_type::time:
            return "a time of day";
        case toml::node_type::date_time:
            return "a date and time";
    }
    return {};
}

std::string in_quotes(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

}  // namespace

Section::Section(toml::table const& content, Table table, LoadContext& context)
    : content_(content), table_(table), context_(context) {
    for (auto const& [key, node] : content_) {
        if (is_known(table_, key.str())) continue;
        fault(key.str(), "unknown key " + std::string(key.str()),
              hint_for_unknown(table_, key.str()));
    }
}

unsigned Section::line_of(std::string_view key) const {
    auto const found = content_.find(key);
    return found == content_.end() ? content_.source().begin.line
                                   : found->first.source().begin.line;
}

bool Section::fault(std::string_view key, std::string const& what, std::string hint) {
    is_clean_ = false;
    context_.faults.add(line_of(key), what, std::move(hint));
    return false;
}

void Section::warn(std::string_view key, std::string const& what, std::string hint) const {
    context_.warnings.add(line_of(key), what, std::move(hint));
}

void Section::require(std::span<std::string_view const> keys) {
    for (std::string_view const key : keys) {
        if (has(key)) continue;
        fault(key, "this " + std::string(title(table_)) + " has no " + std::string(key),
              "every " + std::string(title(table_)) + " needs " + join(keys));
    }
}

bool Section::wrong_type(std::string_view key, toml::node const& node, std::string_view wanted) {
    return fault(key, std::string(key) + " is " + std::string(describe(node.type())) + " where " +
                          std::string(wanted) + " is wanted");
}

bool Section::read(std::string_view key, bool& value) {
    toml::node const* const node = content_.get(key);
    if (node == nullptr) return false;
    auto const* const boolean = node->as_boolean();
    if (boolean == nullptr) return wrong_type(key, *node, "true or false");
    value = boolean->get();
    return true;
}

bool Section::read(std::string_view key, std::string& value) {
    toml::node const* const node = content_.get(key);
    if (node == nullptr) return false;
    auto const* const text = node->as_string();
    if (text == nullptr) return wrong_type(key, *node, "text");
    value = text->get();
    return true;
}

bool Section::read_name(std::string_view key, std::string& value) {
    std::string text;
    if (!read(key, text)) return false;
    if (text.empty()) return fault(key, std::string(key) + " is empty");
    value = std::move(text);
    return true;
}

bool Section::read_names(std::string_view key, std::vector<std::string>& value) {
    auto all = texts(key, "text or an array of texts");
    if (!all) return false;
    for (std::string const& text : *all)
        if (text.empty()) return fault(key, std::string(key) + " holds an empty name");
    if (all->empty()) return fault(key, std::string(key) + " is empty");
    value = std::move(*all);
    return true;
}

bool Section::read(std::string_view key, milliseconds& value) {
    toml::node const* const node = content_.get(key);
    if (node == nullptr) return false;
    if (!node->is_number()) return wrong_type(key, *node, "a number of seconds");
    double const seconds = node->is_integer() ? static_cast<double>(node->as_integer()->get())
                                              : node->as_floating_point()->get();
    // Written so that "nan", which TOML knows, is refused too.
    if (!(seconds >= min_seconds && seconds <= max_seconds)) {
        std::ostringstream number;
        number << seconds;
        return fault(key, std::string(key) + " = " + number.str() + " is out of range",
                     "seconds, from 0.001 to 86400");
    }
    value = milliseconds(std::llround(seconds * 1000));
    return true;
}

bool Section::read(std::string_view key, double& value, double least, double most) {
    toml::node const* const node = content_.get(key);
    if (node == nullptr) return false;
    if (!node->is_number()) return wrong_type(key, *node, "a number");
    double const number = node->is_integer() ? static_cast<double>(node->as_integer()->get())
                                             : node->as_floating_point()->get();
    // Written so that "nan", which TOML knows, is refused too.
    if (!(number >= least && number <= most)) {
        std::ostringstream text;
        text << key << " = " << number << " is out of range";
        std::ostringstream range;
        range << "from " << least << " to " << most;
        return fault(key, text.str(), range.str());
    }
    value = number;
    return true;
}

bool Section::read(std::string_view key, std::uint32_t& value, std::uint32_t least,
                   std::uint32_t most) {
    toml::node const* const node = content_.get(key);
    if (node == nullptr) return false;
    auto const* const integer = node->as_integer();
    if (integer == nullptr) return wrong_type(key, *node, "an integer");
    if (integer->get() < least || integer->get() > most) {
        return fault(key,
                     std::string(key) + " = " + std::to_string(integer->get()) + " is out of range",
                     "from " + std::to_string(least) + " to " + std::to_string(most));
    }
    value = static_cast<std::uint32_t>(integer->get());
    return true;
}

std::optional<std::size_t> Section::read_word(std::string_view key,
                                              std::span<std::string_view const> allowed,
                                              std::span<Synonym const> synonyms) {
    std::string text;
    if (!read(key, text)) return std::nullopt;
    for (std::size_t i = 0; i < allowed.size(); ++i)
        if (allowed[i] == text) return i;
    std::vector<std::string_view> known(allowed.begin(), allowed.end());
    for (Synonym const& synonym : synonyms) known.push_back(synonym.text);
    std::string_view meant = nearest(text, known);
    for (Synonym const& synonym : synonyms)
        if (synonym.text == meant) meant = synonym.word;
    fault(key, std::string(key) + " = " + in_quotes(text) + " is none of " + join(allowed),
          meant.empty() ? std::string() : "did you mean " + in_quotes(meant) + "?");
    return std::nullopt;
}

std::optional<std::vector<std::string>> Section::texts(std::string_view key,
                                                       std::string_view wanted) {
    toml::node const* const node = content_.get(key);
    if (node == nullptr) return std::nullopt;
    if (auto const* const text = node->as_string()) return std::vector{text->get()};
    auto const* const array = node->as_array();
    if (array == nullptr) {
        wrong_type(key, *node, wanted);
        return std::nullopt;
    }
    std::vector<std::string> all;
    for (toml::node const& element : *array) {
        auto const* const text = element.as_string();
        if (text == nullptr) {
            fault(key, std::string(key) + " holds " + std::string(describe(element.type())) +
                           " where text is wanted");
            return std::nullopt;
        }
        all.push_back(text->get());
    }
    return all;
}

toml::table const* Section::table(std::string_view key) {
    toml::node const* const node = content_.get(key);
    if (node == nullptr) return nullptr;
    if (node->is_table()) return node->as_table();
    bool const doubled = node->is_array_of_tables();
    fault(key, std::string(key) + " is " + (doubled ? "an array of tables" : "not a table"),
          "write [" + std::string(key) + "], once");
    return nullptr;
}

std::vector<toml::table const*> Section::tables(std::string_view key) {
    toml::node const* const node = content_.get(key);
    if (node == nullptr) return {};
    std::vector<toml::table const*> all;
    if (node->is_array_of_tables()) {
        for (toml::node const& element : *node->as_array()) all.push_back(element.as_table());
        return all;
    }
    fault(key, std::string(key) + " is " + std::string(describe(node->type())),
          "write [[" + std::string(key) + "]], with two brackets, for each one");
    return {};
}

}  // namespace sallyport::config
