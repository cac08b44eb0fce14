#include "cli/demo/programs.hpp"

#include <cstdlib>
#include <sstream>
#include <unistd.h>

namespace sallyport::cli {

namespace fs = std::filesystem;

std::vector<fs::path> program_directories() {
    char const* const variable = std::getenv("PATH");
    std::istringstream parts((variable != nullptr ? variable : "/usr/bin:/bin") +
                             std::string(":/usr/sbin"));
    std::vector<fs::path> directories;
    for (std::string part; std::getline(parts, part, ':');)
        if (part.starts_with('/')) directories.emplace_back(part);
    return directories;
}

bool has_program(fs::path const& directory, std::string const& name) {
    auto const file = directory / name;
    std::error_code error;
    return fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0;
}

}  // namespace sallyport::cli
