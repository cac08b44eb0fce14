#include "config/load.hpp"

#include "config/load_tables.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace sallyport::config {

namespace {

constexpr char default_data_dir[] = "/var/lib/sallyport";
/// More threads than any machine of today has cores; a typing mistake is far above.
constexpr std::uint32_t max_workers = 1024;
/// Two descriptors each: what a Linux process can be given by default (fs.nr_open, 1048576).
constexpr std::uint32_t max_max_connections = 500'000;
constexpr std::array<std::string_view, 4> log_levels{"debug", "info", "warn", "error"};

std::vector<Problem> unreadable(path const& file, int error) {
    return {Problem{file.string() + ": cannot read the configuration: " + std::strerror(error),
                    error == ENOENT ? "-c FILE names it" : ""}};
}

void read_top(Section& top, Config& config) {
    config.data_dir = default_data_dir;
    top.read_path("data-dir", config.data_dir);
    top.read("workers", config.workers, 0, max_workers);
    top.read("io-method", config.io_method);
}

void read_limits(Section& top, LoadContext& context, Limits& limits) {
    toml::table const* const table = top.table("limits");
    if (table == nullptr) return;
    Section in(*table, Table::limits, context);
    in.read("max-connections", limits.max_connections, 1, max_max_connections);
    in.read("connect-timeout", limits.connect_timeout);
    in.read("dial-timeout", limits.dial_timeout);
    in.read("linger-timeout", limits.linger_timeout);
    in.read("drain-timeout", limits.drain_timeout);
}

void read_log(Section& top, LoadContext& context, Config& config) {
    toml::table const* const table = top.table("log");
    if (table == nullptr) return;
    Section in(*table, Table::log, context);
    if (auto const index = in.read_word("level", log_levels)) config.log_level = log_levels[*index];
}

LoadResult read_all(toml::table const& content, path const& file) {
    Loaded loaded;
    Config& config = loaded.config;
    config.source = std::filesystem::absolute(file).lexically_normal();
    LoadContext context{config.source.parent_path(), Faults(file), Faults(file)};

    Section top(content, Table::top, context);
    read_top(top, config);
    auto backends = read_backends(top, context, config);
    read_listeners(top, context, config, backends);
    judge_backends(backends, config);
    read_accounts(top, context, config);
    read_acme(top, context, config);
    read_limits(top, context, config.limits);
    read_console(top, context, config);
    read_log(top, context, config);

    if (!context.faults.empty()) return context.faults.in_order();
    loaded.warnings = context.warnings.in_order();
    return loaded;
}

}  // namespace

LoadResult load(path const& file) {
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) return unreadable(file, EISDIR);
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    if (!in) return unreadable(file, errno);
    std::string const text{std::istreambuf_iterator<char>(in), {}};
    try {
        toml::table const content = toml::parse(text, file.string());
        return read_all(content, file);
    } catch (toml::parse_error const& error) {
        auto const& at = error.source().begin;
        return std::vector{Problem{file.string() + ":" + std::to_string(at.line) + ":" +
                                       std::to_string(at.column) + ": " +
                                       std::string(error.description()),
                                   ""}};
    }
}

}  // namespace sallyport::config
