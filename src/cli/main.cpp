// The command line: which command is meant, with which options; wrong ones end here with exit code
// 2. The only door to CLI11, and the only place that ends the process.
#include "cli/cert/commands.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/say.hpp"
#include "config/keys.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <exception>
#include <string>
#include <vector>

namespace sallyport::cli {

namespace {

constexpr int failed = 1;
constexpr int misused = 2;

/// A command that takes a configuration file and nothing else.
struct ConfigCommand {
    char const* name;
    int (*run)(path const& config);
    char const* what;
    char const* example;
};

constexpr std::array config_commands{
    ConfigCommand{"serve", serve, "Serve until SIGTERM; SIGHUP reloads",
                  "sallyport serve -c /etc/sallyport/sallyport.toml"},
    ConfigCommand{"check", check, "Say what would be served, or what is wrong; change nothing",
                  "sallyport check -c /etc/sallyport/sallyport.toml"},
    ConfigCommand{"reload", reload,
                  "Make the running gateway read its files again; say how it went",
                  "sallyport reload -c /etc/sallyport/sallyport.toml"},
    ConfigCommand{"mirror-ca", mirror_ca,
                  "Print the PEM bundle that the databases must trust for clients",
                  "sallyport mirror-ca -c /etc/sallyport/sallyport.toml > mirror-ca.pem"},
};

void add_commands(CLI::App& app, path& config, DemoOptions& options, Action& action) {
    for (ConfigCommand const& command : config_commands)
        add_command(app, command.name, command.what, command.example)
            .add_option("-c,--config", config, "the configuration file (TOML)")
            ->required()
            ->type_name("FILE");
    cert::add_group(app, action);
    CLI::App& demo_command = add_command(
        app, "demo", "Show it at work: private databases behind the door", "sallyport demo --once");
    demo_command.add_flag("--once", options.once, "end after the proof");
    demo_command
        .add_option("--dir", options.directory, "where everything is made (./sallyport-demo)")
        ->type_name("DIR");
    add_command(app, "version", "Print the version", "sallyport version");
}

/// Where a word is no command of `app`: what to say about it, instead of CLI11's "not expected".
int misused_command(CLI::App const& app, std::string const& word) {
    auto const commands = app.get_subcommands([](CLI::App const*) { return true; });
    std::vector<std::string> names;
    for (CLI::App const* const command : commands) names.push_back(command->get_name());
    std::vector<std::string_view> const known(names.begin(), names.end());
    std::string_view const meant = config::nearest(word, known);
    std::string const group = app.get_parent() != nullptr ? app.get_name() + " " : "";
    error(word.empty()            ? "no " + group + "command is given"
          : word.starts_with('-') ? "unknown option " + word
                                  : "unknown command " + group + word,
          meant.empty() ? "the " + group + "commands are " + config::join(known)
                        : "did you mean " + group + std::string(meant) + "?");
    return misused;
}

/// CLI11 writes sentences; our messages begin in lower case.
std::string as_message(std::string text) {
    bool const is_sentence = text.size() > 1 && std::isupper(text[0]) && std::islower(text[1]);
    if (is_sentence) text[0] = static_cast<char>(std::tolower(text[0]));
    return text;
}

/// The command that was given, and "COMMAND SUB-COMMAND" as it is called.
struct Given {
    CLI::App const* command;
    std::string name;
};

Given given_command(CLI::App const& app) {
    Given given{&app, {}};
    for (auto below = app.get_subcommands(); !below.empty();
         below = given.command->get_subcommands()) {
        given.command = below.front();
        given.name += " " + given.command->get_name();
    }
    return given;
}

/// The first word that follows the names of groups: what should have been a command.
std::string word_after_groups(Given const& given, std::vector<std::string> const& words) {
    auto const groups =
        static_cast<std::size_t>(std::count(given.name.begin(), given.name.end(), ' '));
    return groups < words.size() ? words[groups] : std::string();
}

int misused_line(CLI::App const& app, std::string const& what,
                 std::vector<std::string> const& words) {
    auto const given = given_command(app);
    bool const is_group = given.command->get_require_subcommand_min() > 0;
    if (is_group) return misused_command(*given.command, word_after_groups(given, words));
    error(as_message(what), "sallyport" + given.name + " --help");
    return misused;
}

int run(int count, char** arguments) {
    CLI::App app{
        "The front door for SQL databases: TLS for every client, mirrored to the database."};
    app.name("sallyport");
    app.require_subcommand(1);
    app.footer("Example:\n  sallyport demo\n\nsallyport COMMAND --help says more about a command.");
    app.set_version_flag("--version", "sallyport " SALLYPORT_VERSION);
    path config;
    DemoOptions options;
    Action action;
    add_commands(app, config, options, action);
    try {
        app.parse(count, arguments);
    } catch (CLI::Success const& asked_for_help) {
        return app.exit(asked_for_help);
    } catch (CLI::ParseError const& wrong) {
        return misused_line(app, wrong.what(), {arguments + 1, arguments + count});
    }
    if (action) return action();
    for (ConfigCommand const& command : config_commands)
        if (app.got_subcommand(command.name)) return command.run(config);
    if (app.got_subcommand("demo")) return demo(options);
    out("sallyport " SALLYPORT_VERSION);
    return 0;
}

}  // namespace

}  // namespace sallyport::cli

int main(int count, char** arguments) {
    // Our own sending says MSG_NOSIGNAL, but other libraries (OpenSSL's socket BIO, a pipe that
    // stdout goes to) write without it, and a peer that left must not end the process.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return sallyport::cli::run(count, arguments);
    } catch (std::exception const& bug) {
        sallyport::cli::error(bug.what());
        return sallyport::cli::failed;
    }
}
