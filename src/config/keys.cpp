#include "config/keys.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace sallyport::config {

namespace {

using Keys = std::span<std::string_view const>;

constexpr std::array<std::string_view, 11> top_keys{"data-dir", "workers", "io-method", "tls",
                                                    "listener", "backend", "account",   "acme",
                                                    "limits",   "console", "log"};
constexpr std::array<std::string_view, 20> tls_keys{"auto-tls",
                                                    "ssl-cert",
                                                    "ssl-key",
                                                    "ssl-key-password-file",
                                                    "ca-cert",
                                                    "ca-key",
                                                    "ca-key-password-file",
                                                    "ssl-ca",
                                                    "ssl-crl",
                                                    "tls-version",
                                                    "ssl-cipher",
                                                    "tls-ciphersuites",
                                                    "groups",
                                                    "require-secure-transport",
                                                    "client-certificate",
                                                    "revoked-sessions",
                                                    "canary-cert",
                                                    "canary-key",
                                                    "canary-share",
                                                    "canary-limit"};
constexpr std::array<std::string_view, 5> listener_keys{"name", "protocol", "address", "backend",
                                                        "greeting"};
constexpr std::array<std::string_view, 16> backend_keys{
    "name",     "addresses",      "ssl-mode",           "ssl-ca",          "ssl-server-name",
    "mirror",   "proxy-protocol", "health-user",        "health-interval", "negotiation",
    "scram",    "auth-user",      "auth-password-file", "auth-database",   "auth-query",
    "auth-file"};
constexpr std::array<std::string_view, 3> account_keys{"user", "backend", "require"};
constexpr std::array<std::string_view, 8> acme_keys{"directory-url", "contact",       "domains",
                                                    "challenge",     "address",       "ca-file",
                                                    "timeout",       "retry-interval"};
constexpr std::array<std::string_view, 5> limits_keys{
    "max-connections", "connect-timeout", "dial-timeout", "linger-timeout", "drain-timeout"};
constexpr std::array<std::string_view, 3> console_keys{"address", "trust-dir", "listener"};
constexpr std::array<std::string_view, 1> log_keys{"level"};

constexpr std::array all_tables{Table::top,     Table::tls,     Table::listener,
                                Table::backend, Table::account, Table::acme,
                                Table::limits,  Table::console, Table::log};

Keys own_keys(Table table) {
    switch (table) {
        case Table::top:
            return top_keys;
        case Table::tls:
            return tls_keys;
        case Table::listener:
            return listener_keys;
        case Table::backend:
            return backend_keys;
        case Table::account:
            return account_keys;
        case Table::acme:
            return acme_keys;
        case Table::limits:
            return limits_keys;
        case Table::console:
            return console_keys;
        case Table::log:
            return log_keys;
    }
    return {};
}

std::vector<std::string_view> all_keys(Table table) {
    Keys const own = own_keys(table);
    std::vector<std::string_view> keys(own.begin(), own.end());
    if (table == Table::listener) keys.insert(keys.end(), tls_keys.begin(), tls_keys.end());
    return keys;
}

bool contains(Keys keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

char folded(char c) {
    if (c == '_') return '-';
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

/// Levenshtein's distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const replaced = diagonal + (folded(a[i - 1]) == folded(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

/// Where a key that exists elsewhere is to be written; empty where it exists nowhere.
std::string home_of(std::string_view key) {
    if (contains(top_keys, key)) {
        if (key == "data-dir" || key == "workers" || key == "io-method")
            return "at the top of the file, before the first table";
        return "in a table of its own: " + std::string(key == "tls" || key == "acme" ||
                                                               key == "limits" ||
                                                               key == "console" || key == "log"
                                                           ? "[" + std::string(key) + "]"
                                                           : "[[" + std::string(key) + "]]");
    }
    std::vector<std::string_view> homes;
    for (Table const table : all_tables)
        if (is_known(table, key)) homes.push_back(title(table));
    if (homes.empty()) return {};
    std::string text = "in " + std::string(homes.front());
    for (std::size_t i = 1; i < homes.size(); ++i) text += " or " + std::string(homes[i]);
    return text;
}

}  // namespace

std::string_view title(Table table) {
    switch (table) {
        case Table::top:
            return "the top of the file";
        case Table::tls:
            return "[tls]";
        case Table::listener:
            return "[[listener]]";
        case Table::backend:
            return "[[backend]]";
        case Table::account:
            return "[[account]]";
        case Table::acme:
            return "[acme]";
        case Table::limits:
            return "[limits]";
        case Table::console:
            return "[console]";
        case Table::log:
            return "[log]";
    }
    return {};
}

bool is_known(Table table, std::string_view key) {
    return contains(own_keys(table), key) || (table == Table::listener && contains(tls_keys, key));
}

std::string hint_for_unknown(Table table, std::string_view key) {
    if (std::string const home = home_of(key); !home.empty())
        return std::string(key) + " belongs " + home;
    std::vector<std::string_view> const keys = all_keys(table);
    if (std::string_view const meant = nearest(key, keys); !meant.empty())
        return "did you mean " + std::string(meant) + "?";
    return std::string(title(table)) + " takes " + join(keys);
}

std::string_view nearest(std::string_view word, Keys candidates) {
    // A third of a word's letters wrong is a slip of the hand; more is another word.
    std::size_t const most = std::max<std::size_t>(1, word.size() / 3);
    std::string_view best;
    std::size_t best_distance = most + 1;
    for (std::string_view const candidate : candidates) {
        std::size_t const apart = distance(word, candidate);
        if (apart >= best_distance) continue;
        best = candidate;
        best_distance = apart;
    }
    return best;
}

std::string join(Keys words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
        text += words[i];
    }
    return text;
}

}  // namespace sallyport::config
