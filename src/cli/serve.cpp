// `sallyport serve`: the gateway in the foreground.
#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/say.hpp"
#include "config/load.hpp"
#include "console/console.hpp"
#include "gateway/server.hpp"

#include <utility>

namespace sallyport::cli {
namespace {

/// For a reload the first problem is enough: it is one log line, and `check` says the rest.
gateway::Checked<config::Config> load_again(path const& file) {
    auto loaded = config::load(file);
    if (loaded) return std::move(loaded->config);
    auto const problems = loaded.error();
    auto const& first = problems.front();
    return gateway::Fault{Errc::file_invalid, {}, first.what, first.hint};
}

}  // namespace

int serve(path const& config) {
    auto loaded = config::load(config);
    if (!loaded) {
        for (auto const& problem : loaded.error()) error(problem.what, problem.hint);
        return 1;
    }
    // In the log, not as `warning:`: from here on every line on stderr is JSON.
    for (auto const& problem : loaded->warnings)
        log::warn("configuration warning", {{"reason", problem.what}, {"hint", problem.hint}});
    auto const file = loaded->config.source;
    auto const server = gateway::Server::start(
        std::move(loaded->config), [file] { return load_again(file); }, console::make_console);
    if (!server) {
        error(server.error().what(), server.error().hint);
        return 1;
    }
    (*server)->run();
    return 0;
}

}  // namespace sallyport::cli
