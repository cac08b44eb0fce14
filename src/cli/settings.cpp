#include "cli/settings.hpp"

#include "cli/say.hpp"
#include "config/load.hpp"

namespace sallyport::cli {

std::optional<config::Config> read_settings(std::filesystem::path const& file) {
    auto const loaded = config::load(file);
    if (!loaded) {
        for (config::Problem const& problem : loaded.error()) error(problem.what, problem.hint);
        return std::nullopt;
    }
    for (config::Problem const& problem : loaded->warnings) warning(problem.what, problem.hint);
    return loaded->config;
}

}  // namespace sallyport::cli
