#include "cli/settings.hpp"

#include "cli/say.hpp"
#include "config/load.hpp"

#include <sys/stat.h>
#include <unistd.h>

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

bool is_for_another_user(std::filesystem::path const& data_dir) {
    struct stat status {};
    return ::stat(data_dir.c_str(), &status) == 0 && status.st_uid != ::geteuid();
}

}  // namespace sallyport::cli
