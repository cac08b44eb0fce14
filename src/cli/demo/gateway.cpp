#include "cli/demo/gateway.hpp"

#include "cli/demo/failure.hpp"
#include "config/load.hpp"

#include <utility>

namespace sallyport::cli {
namespace {

/// With names in braces where port numbers belong.
constexpr std::string_view settings =
    R"toml(# Written by `sallyport demo`, anew at each run; copy it to keep changes.
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
# re-issued by the mirror CA (`sallyport mirror-ca -c FILE` prints it), and judges REQUIRE X509 or
# a cert rule of pg_hba.conf itself.
ssl-ca = "client-ca.crt"
client-certificate = "optional"     # none | optional | required

# Plain text is refused before the database hears of it; TLS 1.2 and 1.3 are taken.
require-secure-transport = true
tls-version = "TLSv1.2"

[[listener]]
name     = "mysql"
protocol = "mysql"
address  = "127.0.0.1:{mariadb door}"
backend  = "mariadb"

[[listener]]
name     = "postgres"
protocol = "postgres"
address  = "127.0.0.1:{postgres door}"
backend  = "postgres"

[[backend]]
name      = "mariadb"
addresses = ["127.0.0.1:{mariadb}"]
# The database shows the same certificate as the gateway does; we check it as any client would.
ssl-mode  = "VERIFY_IDENTITY"
ssl-ca    = "data/auto-tls/ca.crt"
# The database sees the TLS version and the cipher that the client agreed on with us.
mirror    = "prefer"                # prefer | strict | off
# An account without password and rights, with which the gateway looks whether the database is up.
health-user = "sallyport"

[[backend]]
name      = "postgres"
addresses = ["127.0.0.1:{postgres}"]
# This one has a certificate of its own. A client's SCRAM login binds itself to the certificate that
# the client sees, so it cannot be passed on as it is: it is judged here by the database's own
# verifier of the password, and done again towards the database, bound to that one's certificate.
ssl-mode  = "VERIFY_IDENTITY"
ssl-ca    = "postgres-ca.crt"
mirror    = "prefer"
scram     = "auto"                  # auto | relay | verifier | password
# This account may call that function, which hands out verifiers, and has no other right.
auth-user          = "sallyport_auth"
auth-password-file = "lookup-password"
auth-query         = "SELECT * FROM user_lookup($1)"
# Whether the database is up is seen when it asks this account for its password: it is told none.
health-user = "sallyport_auth"

[limits]
# Seconds that open sessions get to finish when the gateway is stopped.
drain-timeout = 2

[log]
# JSON lines on stderr: "info" writes one for each session, "warn" one for each refused one.
level = "error"
)toml";

void fill_in(std::string& text, std::string const& name, std::uint16_t port) {
    text.replace(text.find(name), name.size(), std::to_string(port));
}

}  // namespace

void write_demo_config(DemoPlace const& place, DemoPorts mariadb, DemoPorts postgres) {
    std::string text(settings);
    fill_in(text, "{mariadb door}", mariadb.door);
    fill_in(text, "{postgres door}", postgres.door);
    fill_in(text, "{mariadb}", mariadb.database);
    fill_in(text, "{postgres}", postgres.database);
    place.write_public(demo_files::config, text);
    // The configuration names its file, which must be there when it is read.
    place.keep_password(demo_files::lookup_password);
}

gateway::Checked<config::Config> load_demo_config(std::filesystem::path const& file) {
    auto loaded = config::load(file);
    if (loaded) return std::move(loaded->config);
    // Kept: what error() gives is a copy.
    auto const problems = loaded.error();
    return gateway::Fault{Errc::file_invalid, {}, problems.front().what, problems.front().hint};
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
