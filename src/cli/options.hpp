// How commands are put on the command line: what every one of them has.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::cli {

/// What the command line asks for, once it is parsed; gives the exit code.
using Action = std::function<int()>;

/// A command under `parent`, with a help text that ends in an example.
CLI::App& add_command(CLI::App& parent, std::string const& name, std::string const& what,
                      std::string const& example);

/// A positional that takes any number of words, each as it was given: CLI11 itself takes "[a,b]"
/// for a list of two, and a host's "[::1]" for "::1".
CLI::Option& add_words(CLI::App& command, std::string const& name, std::vector<std::string>& words,
                       std::string const& what);

/// Runs `run(options)` where `command` is the one that was given. `options` are what its options
/// were bound to.
template <class Options>
void on_chosen(CLI::App& command, Action& action, std::shared_ptr<Options> options,
               int (*run)(Options const&)) {
    command.callback(
        [&action, options, run] { action = [options, run] { return run(*options); }; });
}

}  // namespace sallyport::cli
