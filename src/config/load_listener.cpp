// [[listener]], each over the settings of [tls].
#include "config/load_tables.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace sallyport::config {

namespace {

constexpr std::array<std::string_view, 3> listener_needs{"name", "address", "backend"};

/// Where this listener leads, if that could be read; its protocol becomes that of the backend.
void lead_to(Section& in, Listener const& listener, Config const& config,
             std::vector<BackendSection>& backends) {
    Backend const* const backend = find_backend(config, listener.backend);
    if (backend == nullptr) return;
    BackendSection& led = backends[static_cast<std::size_t>(backend - config.backends.data())];
    if (!led.protocol) {
        led.protocol = listener.protocol;
        led.line = in.line_of("backend");
    } else if (*led.protocol != listener.protocol) {
        in.fault("backend",
                 "this listener speaks \"" + std::string(word(listener.protocol)) +
                     "\", and one that speaks \"" + std::string(word(*led.protocol)) +
                     "\" leads to \"" + backend->name + "\" too",
                 "the other is in line " + std::to_string(led.line) +
                     "; a database speaks one protocol: each needs a [[backend]] of its own");
    }
}

/// A listener whose backend is itself would dial itself, once more for every session.
void judge_circle(Section& in, Config const& config, Listener const& listener) {
    Backend const* const backend = find_backend(config, listener.backend);
    if (backend == nullptr) return;
    auto const& addresses = backend->addresses;
    if (std::find(addresses.begin(), addresses.end(), listener.address) == addresses.end()) return;
    in.fault("address", "the backend \"" + backend->name + "\" has this very address",
             "one of them must move, or every session would end up at the listener again");
}

/// What every listener starts from.
struct Inherited {
    std::optional<Section> section;
    Tls tls;
    bool is_clean = true;
};

Inherited read_tls_table(Section& top, LoadContext& context) {
    Inherited inherited;
    if (toml::table const* const table = top.table("tls")) {
        inherited.section.emplace(*table, Table::tls, context);
        read_tls(*inherited.section, inherited.tls);
        // Kept, because judging the listeners may find faults at this table's lines.
        inherited.is_clean = inherited.section->is_clean();
    }
    return inherited;
}

Listener read_listener(Section& in, Inherited& inherited, Config const& config,
                       std::vector<BackendSection>& backends) {
    Listener listener;
    listener.tls = inherited.tls;
    in.require(listener_needs);
    in.read_name("name", listener.name);
    bool const is_protocol_known = in.read("protocol", listener.protocol) || !in.has("protocol");
    if (read_backend_name(in, config, listener.backend) && is_protocol_known)
        lead_to(in, listener, config, backends);
    if (in.read("address", listener.address)) judge_circle(in, config, listener);
    in.read("greeting", listener.greeting);
    if (in.has("greeting") && listener.protocol == Protocol::postgres)
        in.fault("greeting", "greeting is for protocol = \"mysql\"",
                 "a PostgreSQL client speaks first: there is no greeting to choose");
    read_tls(in, listener.tls);
    // Where a key could not be read the settings are not what the file says: no use in judging.
    if (in.is_clean() && inherited.is_clean)
        judge_tls(in, inherited.section ? &*inherited.section : nullptr, listener.tls);
    return listener;
}

}  // namespace

void read_listeners(Section& top, LoadContext& context, Config& config,
                    std::vector<BackendSection>& backends) {
    Inherited inherited = read_tls_table(top, context);
    std::map<std::string, unsigned> names;
    std::map<std::string, unsigned> addresses;
    for (toml::table const* const table : top.tables("listener")) {
        Section in(*table, Table::listener, context);
        Listener listener = read_listener(in, inherited, config, backends);
        auto const [name, name_is_new] = names.emplace(listener.name, in.line_of("name"));
        if (!name_is_new && !listener.name.empty())
            in.fault("name", "a second [[listener]] is named \"" + listener.name + "\"",
                     "the first is in line " + std::to_string(name->second));
        auto const [address, address_is_new] =
            addresses.emplace(listener.address.to_string(), in.line_of("address"));
        if (!address_is_new && listener.address != Address{})
            in.fault("address", "a second [[listener]] has this address",
                     "the first is in line " + std::to_string(address->second));
        config.listeners.push_back(std::move(listener));
    }
    if (!top.has("listener"))
        top.fault("listener", "there is no [[listener]]: nothing would be served",
                  "a [[listener]] needs name, address and backend");
}

}  // namespace sallyport::config
