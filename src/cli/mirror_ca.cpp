// `sallyport mirror-ca`: the PEM bundle that the databases must trust for clients.
#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/say.hpp"
#include "cli/settings.hpp"
#include "gateway/world.hpp"

namespace sallyport::cli {

int mirror_ca(path const& file) {
    log::set_level("warn");
    auto const settings = read_settings(file);
    if (!settings) return 1;
    if (is_for_another_user(settings->data_dir)) {
        error(settings->data_dir.string() + " belongs to another user",
              "run this as the user that sallyport serves as");
        return 1;
    }
    gateway::Estate estate;
    auto const world = gateway::World::build(*settings, estate);
    if (!world) {
        error(world.error().what(), world.error().hint);
        return 1;
    }
    std::string bundle = (*world)->mirror_bundle();
    if (bundle.empty()) {
        error("no listener asks for client certificates, so there is no mirror CA",
              "ssl-ca, in [tls] or a [[listener]], names the authorities of your clients");
        return 1;
    }
    while (bundle.ends_with('\n')) bundle.pop_back();
    out(bundle);
    return 0;
}

}  // namespace sallyport::cli
