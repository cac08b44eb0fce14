#include "cli/options.hpp"

namespace sallyport::cli {

CLI::App& add_command(CLI::App& parent, std::string const& name, std::string const& what,
                      std::string const& example) {
    CLI::App& command = *parent.add_subcommand(name, what);
    command.footer("Example:\n  " + example);
    return command;
}

CLI::Option& add_words(CLI::App& command, std::string const& name, std::vector<std::string>& words,
                       std::string const& what) {
    // CLI11 takes brackets apart where "extra arguments" are allowed. Without them a positional is
    // filled up to the least number that it expects; the policy keeps that from being demanded.
    constexpr int any_number = CLI::detail::expected_max_vector_size;
    return *command.add_option(name, words, what)
                ->expected(any_number, any_number)
                ->allow_extra_args(false)
                ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace sallyport::cli
