// Every key of the configuration file, by the table it belongs to, and what to say to someone who
// wrote another one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sallyport::config {

/// The tables of the file. A listener takes its own keys and those of [tls].
enum class Table { top, tls, listener, backend, account, acme, limits, console, log };

/// How the table is written: "[tls]", "[[listener]]"; "the top of the file" for the top.
std::string_view title(Table table);
bool is_known(Table table, std::string_view key);
/// What the writer of the unknown `key` probably meant; never empty.
std::string hint_for_unknown(Table table, std::string_view key);

/// The candidate that `word` is most likely a misspelling of; empty where none is near. Upper and
/// lower case, and dash and underscore, count as the same.
std::string_view nearest(std::string_view word, std::span<std::string_view const> candidates);

/// "a, b and c"
std::string join(std::span<std::string_view const> words);

}  // namespace sallyport::config
