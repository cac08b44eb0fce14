// One table of the file while it is read: every value comes out with its type, range and existence
// checked, and what is wrong with it goes to the faults with its line.
#pragma once

#include "config/keys.hpp"
#include "config/load_faults.hpp"
#include "config/words.hpp"

#include <toml++/toml.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::config {

/// What all tables of one file share.
struct LoadContext {
    path directory;  ///< relative paths start here
    Faults faults;
    Faults warnings;
};

class Section {
 public:
    /// Judges the table's keys at once: each that is not known is a fault. All references must
    /// outlive the section.
    Section(toml::table const& content, Table table, LoadContext& context);

    bool has(std::string_view key) const { return content_.contains(key); }
    /// Whether no fault was found in this table so far.
    bool is_clean() const { return is_clean_; }
    /// The line of the key; of the table itself where the key is absent.
    unsigned line_of(std::string_view key) const;
    /// Always false, so that a `read` can end with it.
    bool fault(std::string_view key, std::string const& what, std::string hint = {});
    void warn(std::string_view key, std::string const& what, std::string hint = {}) const;
    /// A fault where one of these keys is absent.
    void require(std::span<std::string_view const> keys);

    // Each `read` sets `value` and says true where the key is there and its value is good. Where
    // the value is wrong that is a fault; there, and where the key is absent, `value` stays as it
    // is.

    bool read(std::string_view key, bool& value);
    bool read(std::string_view key, std::string& value);
    bool read(std::string_view key, Address& value);
    bool read(std::string_view key, std::vector<Address>& value);
    /// Seconds, as an integer or with decimals: more than zero and at most a day.
    bool read(std::string_view key, milliseconds& value);
    bool read(std::string_view key, std::uint32_t& value, std::uint32_t least, std::uint32_t most);
    /// A number, with decimals or without.
    bool read(std::string_view key, double& value, double least, double most);
    template <class E>
    requires std::is_enum_v<E>
    bool read(std::string_view key, E& value);
    /// An array of texts, or one text alone; none of them empty.
    bool read_names(std::string_view key, std::vector<std::string>& value);
    /// Like text, but not empty.
    bool read_name(std::string_view key, std::string& value);
    /// One of these words; gives its index. Who wrote one of the synonyms is told the word.
    std::optional<std::size_t> read_word(std::string_view key,
                                         std::span<std::string_view const> allowed,
                                         std::span<Synonym const> synonyms = {});
    /// A path that need not exist yet.
    bool read_path(std::string_view key, path& value);
    /// A directory that exists.
    bool read_directory(std::string_view key, path& value);
    /// A file that exists and can be read; empty text takes an inherited one away.
    bool read_file(std::string_view key, path& value);
    /// One such file or an array of them.
    bool read_files(std::string_view key, std::vector<path>& value);

    /// The table under this key. Absent: none. Another type: a fault.
    toml::table const* table(std::string_view key);
    /// The tables under [[key]]. Absent: none. Another type: a fault.
    std::vector<toml::table const*> tables(std::string_view key);

 private:
    bool wrong_type(std::string_view key, toml::node const& node, std::string_view wanted);
    path resolve(std::string const& text) const;
    bool check_file(std::string_view key, path const& file);
    bool parse(std::string_view key, std::string const& text, Address& value);
    /// The texts of a text or an array of texts; none after a fault.
    std::optional<std::vector<std::string>> texts(std::string_view key, std::string_view wanted);

    toml::table const& content_;
    Table table_;
    LoadContext& context_;
    bool is_clean_ = true;
};

template <class E>
requires std::is_enum_v<E>
bool Section::read(std::string_view key, E& value) {
    std::vector<std::string_view> allowed;
    for (Word<E> const& entry : words<E>) allowed.push_back(entry.text);
    auto const index = read_word(key, allowed, synonyms<E>);
    if (index) value = words<E>[*index].value;
    return index.has_value();
}

}  // namespace sallyport::config
