// [[backend]] and [[account]].
#include "config/address.hpp"
#include "config/load_tables.hpp"
#include "config/require_clause.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace sallyport::config {

namespace {

constexpr std::array<std::string_view, 2> backend_needs{"name", "addresses"};
constexpr std::array<std::string_view, 2> account_needs{"user", "require"};

void warn_about(Section& in, Backend const& backend) {
    if (backend.mirror == MirrorMode::off)
        in.warn("mirror",
                "mirror = \"off\": the database does not see how its clients are connected",
                "its own REQUIRE rules judge the gateway; [[account]] rules judge the clients");
    if (backend.ssl_mode >= SslMode::verify_ca) return;
    for (Address const& address : backend.addresses) {
        if (is_local(address)) continue;
        in.warn("ssl-mode",
                "ssl-mode = \"" + std::string(word(backend.ssl_mode)) +
                    "\" does not check who answers at " + address.to_string(),
                "VERIFY_IDENTITY does, and VERIFY_CA for the most part");
    }
}

Backend read_backend(Section& in) {
    Backend backend;
    in.require(backend_needs);
    in.read_name("name", backend.name);
    in.read("addresses", backend.addresses);
    in.read("ssl-mode", backend.ssl_mode);
    in.read_file("ssl-ca", backend.ssl_ca);
    in.read("ssl-server-name", backend.ssl_server_name);
    in.read("mirror", backend.mirror);
    in.read("proxy-protocol", backend.proxy_protocol);
    in.read_name("health-user", backend.health_user);
    in.read("health-interval", backend.health_interval);
    read_postgres(in, backend);
    if (backend.mirror == MirrorMode::strict && backend.ssl_mode == SslMode::disabled)
        in.fault("mirror", "mirror = \"strict\" with ssl-mode = \"DISABLED\"",
                 "without TLS to the database there is nothing that mirrors the client's");
    warn_about(in, backend);
    return backend;
}

void warn_about(Section& in, Config const& config, AccountRule const& rule) {
    auto const judged = [&](Backend const& backend) {
        return backend.mirror == MirrorMode::off &&
               (rule.backend.empty() || rule.backend == backend.name);
    };
    if (std::any_of(config.backends.begin(), config.backends.end(), judged)) return;
    in.warn("require", "this rule is judged by the database, not here",
            "[[account]] rules are for backends with mirror = \"off\"");
}

}  // namespace

Backend const* find_backend(Config const& config, std::string_view name) {
    for (Backend const& backend : config.backends)
        if (backend.name == name) return &backend;
    return nullptr;
}

bool read_backend_name(Section& in, Config const& config, std::string& value) {
    if (!in.read_name("backend", value)) return false;
    if (find_backend(config, value) != nullptr) return true;
    std::vector<std::string_view> names;
    for (Backend const& backend : config.backends) names.push_back(backend.name);
    std::string_view const meant = nearest(value, names);
    in.fault("backend", "no [[backend]] is named \"" + value + "\"",
             !meant.empty()  ? "did you mean \"" + std::string(meant) + "\"?"
             : names.empty() ? "the file has no [[backend]]"
                             : "the file has " + join(names));
    return false;
}

std::vector<BackendSection> read_backends(Section& top, LoadContext& context, Config& config) {
    std::vector<BackendSection> sections;
    std::map<std::string, unsigned> lines;
    for (toml::table const* const table : top.tables("backend")) {
        Section& in = sections.emplace_back(Section(*table, Table::backend, context)).section;
        Backend backend = read_backend(in);
        auto const [known, is_new] = lines.emplace(backend.name, in.line_of("name"));
        if (!is_new && !backend.name.empty())
            in.fault("name", "a second [[backend]] is named \"" + backend.name + "\"",
                     "the first is in line " + std::to_string(known->second));
        config.backends.push_back(std::move(backend));
    }
    return sections;
}

void judge_backends(std::vector<BackendSection>& backends, Config& config) {
    for (std::size_t i = 0; i < backends.size(); ++i) {
        auto& [section, protocol, line] = backends[i];
        // Where no listener leads to a backend, only its keys can tell what it speaks.
        config.backends[i].protocol =
            protocol.value_or(has_postgres_keys(section) ? Protocol::postgres : Protocol::mysql);
        // Where a key could not be read the settings are not what the file says.
        if (!section.is_clean()) continue;
        if (config.backends[i].protocol == Protocol::postgres)
            judge_postgres(section, config.backends[i]);
        else
            refuse_postgres_keys(section, line);
    }
}

void read_accounts(Section& top, LoadContext& context, Config& config) {
    std::map<std::pair<std::string, std::string>, unsigned> lines;
    for (toml::table const* const table : top.tables("account")) {
        Section in(*table, Table::account, context);
        AccountRule rule;
        std::string clause;
        in.require(account_needs);
        in.read_name("user", rule.user);
        if (in.has("backend") && !read_backend_name(in, config, rule.backend)) continue;
        if (!in.read("require", clause)) continue;
        if (std::string const wrong = parse_require(clause, rule); !wrong.empty()) {
            in.fault("require", "the clause " + wrong,
                     "NONE, SSL, X509, SUBJECT '...', ISSUER '...', CIPHER '...', as in MySQL's "
                     "REQUIRE");
            continue;
        }
        auto const [known, is_new] =
            lines.emplace(std::pair(rule.user, rule.backend), in.line_of("user"));
        if (!is_new)
            in.fault("user", "a second rule for the user \"" + rule.user + "\"",
                     "the first is in line " + std::to_string(known->second) +
                         "; demands of one rule are joined with AND");
        warn_about(in, config, rule);
        config.accounts.push_back(std::move(rule));
    }
}

}  // namespace sallyport::config
