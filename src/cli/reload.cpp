// `sallyport reload`: asks the running gateway, through its control socket.
#include "cli/commands.hpp"
#include "cli/say.hpp"
#include "config/load.hpp"
#include "gateway/control.hpp"

namespace sallyport::cli {

int reload(path const& config) {
    // The running gateway reads the file itself and says what is wrong with it; here it only tells
    // where that gateway is.
    auto const loaded = config::load(config);
    if (!loaded) {
        for (auto const& problem : loaded.error()) error(problem.what, problem.hint);
        return 1;
    }
    auto const done = gateway::Control::request_reload(loaded->config.data_dir);
    if (!done) {
        error(done.error().what(), done.error().hint);
        return 1;
    }
    out("reloaded");
    return 0;
}

}  // namespace sallyport::cli
