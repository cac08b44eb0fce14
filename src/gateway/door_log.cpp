#include "gateway/door_log.hpp"

#include "base/log.hpp"
#include "base/times.hpp"

#include <string>
#include <vector>

namespace sallyport::gateway {
namespace {

std::string joined(std::vector<std::string> const& names) {
    std::string text;
    for (auto const& name : names) text += (text.empty() ? "" : ",") + name;
    return text;
}

void log_canary(Door const& door) {
    auto const& settings = door.settings;
    if (!door.why_no_canary.empty())
        log::warn("no canary is served",
                  {{"listener", settings.name}, {"reason", door.why_no_canary}});
    for (auto const& credential : door.canary_credentials) {
        auto const& leaf = credential.chain.front();
        log::info("a canary is served",
                  {{"listener", settings.name},
                   {"share", door.canary->has_fallen() ? 0.0 : settings.tls.canary_share},
                   {"limit", settings.tls.canary_limit},
                   {"key", leaf.key_type()},
                   {"subject", leaf.subject()},
                   {"issuer", leaf.issuer()},
                   {"not_after", utc_text(leaf.not_after())}});
    }
}

}  // namespace

void log_doors(World const& world) {
    for (auto const& door : world.doors()) {
        auto const address = door->settings.address.to_string();
        if (!door->tls)
            log::warn("secure connection is NOT ENABLED",
                      {{"listener", door->settings.name}, {"address", address}});
        for (auto const& credential : door->credentials) {
            auto const& leaf = credential.chain.front();
            log::info("secure connection is enabled",
                      {{"listener", door->settings.name},
                       {"address", address},
                       {"key", leaf.key_type()},
                       {"subject", leaf.subject()},
                       {"names", joined(leaf.names())},
                       {"not_after", utc_text(leaf.not_after())},
                       {"client_verification", door->mirror != nullptr}});
        }
        log_canary(*door);
    }
}

}  // namespace sallyport::gateway
