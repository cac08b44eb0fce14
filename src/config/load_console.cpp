// [console]: where HTTPS is served, with whose certificate.
#include "config/address.hpp"
#include "config/load_tables.hpp"

#include <algorithm>

namespace sallyport::config {

namespace {

bool has_certificate(Listener const& listener) {
    return !listener.tls.ssl_cert.empty() || listener.tls.auto_tls;
}

void judge_address(Section& in, Config const& config) {
    Address const& address = *config.console.address;
    if (address.is_unix())
        in.fault("address", "the console is served over HTTPS, which needs a host and a port",
                 "write \"host:port\" or \"[v6]:port\"");
    for (Listener const& listener : config.listeners)
        if (share_a_port(listener.address, address))
            in.fault("address",
                     "the listener \"" + listener.name + "\" has this port, at " +
                         listener.address.to_string(),
                     "one of them must move");
    // It is taken only while a certificate is asked for, which would fail then.
    if (config.acme && share_a_port(config.acme->address, address))
        in.fault("address",
                 "[acme] answers the challenge at this port, " + config.acme->address.to_string(),
                 "one of them must move");
}

/// Whose certificate is shown: by default the first listener's that has one.
void choose_listener(Section& in, Config& config) {
    auto const& listeners = config.listeners;
    auto const named = [&](Listener const& listener) {
        return config.console.listener.empty() ? has_certificate(listener)
                                               : listener.name == config.console.listener;
    };
    auto const found = std::find_if(listeners.begin(), listeners.end(), named);
    bool const is_named = !config.console.listener.empty();
    if (found != listeners.end() && has_certificate(*found)) {
        config.console.listener = found->name;
    } else if (found != listeners.end()) {
        in.fault("listener", "the listener \"" + found->name + "\" has no certificate to show",
                 "name one that has, or give it ssl-cert, or auto-tls = true");
    } else if (is_named) {
        in.fault("listener", "there is no [[listener]] named \"" + config.console.listener + "\"");
    } else {
        in.fault("address", "no listener has a certificate that the console could show",
                 "the console is served over HTTPS alone: give a listener ssl-cert, or auto-tls");
    }
}

}  // namespace

void read_console(Section& top, LoadContext& context, Config& config) {
    toml::table const* const table = top.table("console");
    if (table == nullptr) return;
    Section in(*table, Table::console, context);
    Address address;
    if (in.read("address", address)) config.console.address = address;
    in.read_directory("trust-dir", config.console.trust_dir);
    in.read_name("listener", config.console.listener);
    if (!in.has("address")) {
        for (std::string_view const key : {"trust-dir", "listener"})
            if (in.has(key))
                in.warn(key, std::string(key) + " without address: there is no console",
                        "address names where it is served, for example \"0.0.0.0:8443\"");
        return;
    }
    if (!in.is_clean()) return;
    judge_address(in, config);
    choose_listener(in, config);
}

}  // namespace sallyport::config
