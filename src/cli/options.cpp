#include "cli/options.hpp"

namespace sallyport::cli {

CLI::App& add_command(CLI::App& parent, std::string const& name, std::string const& what,
                      std::string const& example) {
    CLI::App& command = *parent.add_subcommand(name, what);
    command.footer("Example:\n  " + example);
    return command;
}

}  // namespace sallyport::cli
