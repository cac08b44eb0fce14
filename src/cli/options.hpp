// How commands are put on the command line: what every one of them has.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>

namespace sallyport::cli {

/// What the command line asks for, once it is parsed; gives the exit code.
using Action = std::function<int()>;

/// A command under `parent`, with a help text that ends in an example.
CLI::App& add_command(CLI::App& parent, std::string const& name, std::string const& what,
                      std::string const& example);

/// Runs `run(options)` where `command` is the one that was given. `options` are what its options
/// were bound to.
template <class Options>
void on_chosen(CLI::App& command, Action& action, std::shared_ptr<Options> options,
               int (*run)(Options const&)) {
    command.callback(
        [&action, options, run] { action = [options, run] { return run(*options); }; });
}

}  // namespace sallyport::cli
