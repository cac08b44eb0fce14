#include "cli/demo/gateway.hpp"

#include "cli/demo/failure.hpp"
#include "config/load.hpp"

#include <utility>

namespace sallyport::cli {
namespace {

constexpr std::string_view before_listener =
    R"(# Written by `sallyport demo`, anew at each run; copy it to keep changes.
#
# While the demo runs you can edit and save this file: a good change is served within two seconds
# and leaves the connections that stand alone; a bad one is logged, and the old settings stay.

# What the gateway makes for itself: auto-tls's CA and certificates, and the mirror CA.
# Relative paths start at this file.
data-dir = "data"

[tls]
# A CA and server certificates of the gateway's own, renewed in time. Clients trust
# data/auto-tls/ca.crt. For certificates that you bring, set ssl-cert and ssl-key.
auto-tls = true

# Certificates of clients are verified against this CA. The database then sees the same subject,
# re-issued by the mirror CA (`sallyport mirror-ca -c FILE` prints it), and judges REQUIRE X509,
# SUBJECT and ISSUER itself.
ssl-ca = "client-ca.crt"
client-certificate = "optional"     # none | optional | required

# Plain text is refused before the database hears of it; TLS 1.2 and 1.3 are taken.
require-secure-transport = true
tls-version = "TLSv1.2"

[[listener]]
name     = "demo"
protocol = "mysql"
address  = "127.0.0.1:)";

constexpr std::string_view before_backend = R"("
backend  = "mariadb"

[[backend]]
name      = "mariadb"
addresses = ["127.0.0.1:)";

constexpr std::string_view after_backend = R"("]
# The database shows the same certificate as the gateway does; we check it as any client would.
ssl-mode  = "VERIFY_IDENTITY"
ssl-ca    = "data/auto-tls/ca.crt"
# The database sees the TLS version and the cipher that the client agreed on with us.
mirror    = "prefer"                # prefer | strict | off
# An account without password and rights, with which the gateway looks whether the database is up.
health-user = "sallyport"

[limits]
# Seconds that open sessions get to finish when the gateway is stopped.
drain-timeout = 2

[log]
# JSON lines on stderr. "info" writes one for each session, "warn" one for each refused one.
level = "error"
)";

}  // namespace

void write_demo_config(DemoPlace const& place, DemoPorts ports) {
    std::string text(before_listener);
    text += std::to_string(ports.door);
    text += before_backend;
    text += std::to_string(ports.database);
    text += after_backend;
    place.write_public(demo_files::config, text);
}

gateway::Checked<config::Config> load_demo_config(std::filesystem::path const& file) {
    auto loaded = config::load(file);
    if (loaded) return std::move(loaded->config);
    auto const& first = loaded.error().front();
    return gateway::Fault{Errc::file_invalid, {}, first.what, first.hint};
}

DemoGateway::DemoGateway(std::filesystem::path const& file) {
    auto settings = load_demo_config(file);
    if (!settings) throw DemoFailure(settings.error().what(), settings.error().hint);
    auto started =
        gateway::Server::start(std::move(*settings), [file] { return load_demo_config(file); });
    if (!started) throw DemoFailure(started.error().what(), started.error().hint);
    server_ = std::move(*started);
    thread_ = std::thread([this] { server_->run(); });
}

DemoGateway::~DemoGateway() {
    server_->stop();
    thread_.join();
}

}  // namespace sallyport::cli
