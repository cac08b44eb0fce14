// The commands, one function each in a file of its name. Each gives the process's exit code: 0
// done, 1 failed, after it has said why on stderr. A wrong command line never comes so far: 2, in
// main.
#pragma once

#include <filesystem>

namespace sallyport::cli {

using std::filesystem::path;

struct DemoOptions {
    path directory = "sallyport-demo";  ///< everything the demo makes is in here
    bool once = false;                  ///< ends after the proof instead of staying in front
};

/// Serves until SIGTERM or SIGINT.
int serve(path const& config);
/// Says what `serve` would serve, or why it would not. Writes nothing.
int check(path const& config);
/// Tells the running gateway to read its files again, and says how that went.
int reload(path const& config);
/// Prints the mirror CAs' certificates, and makes those that are missing.
int mirror_ca(path const& config);
/// Private databases with the gateway in front of them, and the proof that it works.
int demo(DemoOptions const& options);

}  // namespace sallyport::cli
