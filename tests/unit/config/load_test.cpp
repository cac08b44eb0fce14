// Files that load: every key arrives where it belongs, and what is not written has its default.
#include "config/load.hpp"

#include "unit/config/scratch.hpp"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

using namespace std::chrono_literals;

std::string told(std::vector<Problem> const& problems) {
    std::string text;
    for (Problem const& problem : problems) text += problem.what + " [" + problem.hint + "]\n";
    return text;
}

constexpr char minimal[] = R"([[listener]]
name = "orders"
address = "127.0.0.1:3306"
backend = "orders"
[[backend]]
name = "orders"
addresses = ["db1.internal:3306"]
)";

TEST(Load, FillsInTheDefaults) {
    Scratch const scratch;
    auto const result = load(scratch.write("a.toml", minimal));
    ASSERT_TRUE(result) << told(result.error());
    EXPECT_EQ(told(result->warnings), "");
    Config const& config = result->config;

    EXPECT_EQ(config.source, scratch.directory() / "a.toml");
    EXPECT_EQ(config.data_dir, "/var/lib/sallyport");
    EXPECT_EQ(config.workers, 0U);
    EXPECT_EQ(config.io_method, IoMethod::automatic);
    EXPECT_EQ(config.log_level, "info");
    EXPECT_TRUE(config.accounts.empty());

    ASSERT_EQ(config.listeners.size(), 1U);
    Listener const& listener = config.listeners[0];
    EXPECT_EQ(listener.name, "orders");
    EXPECT_EQ(listener.protocol, Protocol::mysql);
    EXPECT_EQ(listener.address.to_string(), "127.0.0.1:3306");
    EXPECT_EQ(listener.backend, "orders");
    EXPECT_EQ(listener.greeting, Greeting::own);
    EXPECT_EQ(listener.tls, Tls{});

    ASSERT_EQ(config.backends.size(), 1U);
    Backend const& backend = config.backends[0];
    EXPECT_EQ(backend.ssl_mode, SslMode::verify_identity);
    EXPECT_EQ(backend.mirror, MirrorMode::prefer);
    EXPECT_FALSE(backend.proxy_protocol);
    EXPECT_EQ(backend.health_user, "sallyport");
    EXPECT_EQ(backend.health_interval, 30s);
}

TEST(Load, ReadsEveryKey) {
    Scratch const scratch;
    for (char const* const name :
         {"s.crt", "s.key", "r.crt", "r.key", "pass", "ca.crt", "c.crl", "n.crt", "n.key"})
        scratch.write(name, "");
    auto const result = load(scratch.write("a.toml", R"(
data-dir = "state"
workers  = 3
io-method = "epoll"
[tls]
auto-tls = false
ssl-cert = ["s.crt", "r.crt"]
ssl-key  = ["s.key", "r.key"]
ssl-key-password-file = "pass"
ssl-ca   = "ca.crt"
ssl-crl  = "c.crl"
tls-version = "TLSv1.3"
ssl-cipher = "ECDHE+AESGCM"
tls-ciphersuites = "TLS_AES_256_GCM_SHA384"
groups = "X25519"
require-secure-transport = true
client-certificate = "required"
revoked-sessions = "close"
canary-cert = "n.crt"
canary-key = "n.key"
canary-share = 1
canary-limit = 7
[[listener]]
name     = "orders"
protocol = "mysql"
address  = "[::1]:3306"
backend  = "orders"
greeting = "backend"
[[listener]]
name     = "local"
address  = "unix:door.sock"
backend  = "ledger"
ssl-cert = "s.crt"
ssl-key  = "s.key"
ssl-ca   = ""
ssl-crl  = ""
tls-version = "TLSv1.2"
require-secure-transport = false
client-certificate = "none"
revoked-sessions = "keep"
[[backend]]
name      = "orders"
addresses = ["10.0.0.1:3306", "unix:/run/db.sock"]
ssl-mode  = "VERIFY_CA"
ssl-ca    = "ca.crt"
ssl-server-name = "db.example"
mirror    = "strict"
proxy-protocol = true
health-user = "probe"
health-interval = 2.5
[[backend]]
name      = "ledger"
addresses = ["127.0.0.1:3307"]
ssl-mode  = "DISABLED"
mirror    = "off"
[[account]]
user = "alice"
backend = "ledger"
require = "SUBJECT '/CN=alice' AND CIPHER 'X'"
[[account]]
user = "bob"
require = "SSL"
[limits]
max-connections = 7
connect-timeout = 1
dial-timeout = 0.25
linger-timeout = 2
drain-timeout = 86400
[log]
level = "debug"
)"));
    ASSERT_TRUE(result) << told(result.error());
    Config const& config = result->config;
    path const& here = scratch.directory();
    EXPECT_EQ(config.data_dir, here / "state");
    EXPECT_EQ(config.workers, 3U);
    EXPECT_EQ(config.io_method, IoMethod::epoll);
    EXPECT_EQ(config.log_level, "debug");

    Tls const& tls = config.listeners.at(0).tls;
    EXPECT_FALSE(tls.auto_tls);
    EXPECT_EQ(tls.ssl_cert, (std::vector{here / "s.crt", here / "r.crt"}));
    EXPECT_EQ(tls.ssl_key, (std::vector{here / "s.key", here / "r.key"}));
    EXPECT_EQ(tls.ssl_key_password_file, here / "pass");
    EXPECT_EQ(tls.ssl_ca, here / "ca.crt");
    EXPECT_EQ(tls.ssl_crl, here / "c.crl");
    EXPECT_EQ(tls.tls_version, TlsVersion::v1_3);
    EXPECT_EQ(tls.ssl_cipher, "ECDHE+AESGCM");
    EXPECT_EQ(tls.tls_ciphersuites, "TLS_AES_256_GCM_SHA384");
    EXPECT_EQ(tls.groups, "X25519");
    EXPECT_TRUE(tls.require_secure_transport);
    EXPECT_EQ(tls.client_certificate, ClientCertificate::required);
    EXPECT_EQ(tls.revoked_sessions, RevokedSessions::close);
    EXPECT_EQ(tls.canary_cert, std::vector{scratch.directory() / "n.crt"});
    EXPECT_EQ(tls.canary_key, std::vector{scratch.directory() / "n.key"});
    EXPECT_EQ(tls.canary_share, 1.0);
    EXPECT_EQ(tls.canary_limit, 7U);
    EXPECT_EQ(config.listeners[0].greeting, Greeting::backend);
    EXPECT_EQ(config.listeners[0].address.host, "::1");

    Listener const& local = config.listeners.at(1);
    EXPECT_EQ(local.address.socket, here / "door.sock");
    EXPECT_EQ(local.tls.ssl_cert, std::vector{here / "s.crt"});
    EXPECT_EQ(local.tls.ssl_ca, "");
    EXPECT_EQ(local.tls.ssl_crl, "");
    EXPECT_EQ(local.tls.tls_version, TlsVersion::v1_2);
    EXPECT_FALSE(local.tls.require_secure_transport);
    EXPECT_EQ(local.tls.client_certificate, ClientCertificate::none);
    EXPECT_EQ(local.tls.revoked_sessions, RevokedSessions::keep);
    EXPECT_EQ(local.tls.groups, "X25519") << "what a listener does not write it inherits";

    Backend const& orders = config.backends.at(0);
    ASSERT_EQ(orders.addresses.size(), 2U);
    EXPECT_EQ(orders.addresses[0].to_string(), "10.0.0.1:3306");
    EXPECT_EQ(orders.addresses[1].to_string(), "unix:/run/db.sock");
    EXPECT_EQ(orders.ssl_mode, SslMode::verify_ca);
    EXPECT_EQ(orders.ssl_ca, here / "ca.crt");
    EXPECT_EQ(orders.ssl_server_name, "db.example");
    EXPECT_EQ(orders.mirror, MirrorMode::strict);
    EXPECT_TRUE(orders.proxy_protocol);
    EXPECT_EQ(orders.health_user, "probe");
    EXPECT_EQ(orders.health_interval, 2500ms);
    EXPECT_EQ(config.backends.at(1).mirror, MirrorMode::off);
    EXPECT_EQ(config.backends.at(1).ssl_mode, SslMode::disabled);

    ASSERT_EQ(config.accounts.size(), 2U);
    EXPECT_EQ(config.accounts[0].user, "alice");
    EXPECT_EQ(config.accounts[0].backend, "ledger");
    EXPECT_EQ(config.accounts[0].subject, "/CN=alice");
    EXPECT_EQ(config.accounts[0].cipher, "X");
    EXPECT_TRUE(config.accounts[1].ssl);
    EXPECT_FALSE(config.accounts[1].x509);

    EXPECT_EQ(config.limits.max_connections, 7U);
    EXPECT_EQ(config.limits.connect_timeout, 1s);
    EXPECT_EQ(config.limits.dial_timeout, 250ms);
    EXPECT_EQ(config.limits.linger_timeout, 2s);
    EXPECT_EQ(config.limits.drain_timeout, 24h);
}

TEST(Load, ReadsTheExampleOfTheDesign) {
    Scratch const scratch;
    scratch.write("global-bundle.pem", "");
    auto const result = load(scratch.write("a.toml", R"(
data-dir = "/var/lib/sallyport"        # auto-tls material, mirror CA, ledger; mode 0700
workers  = 0                           # 0 = one per core

[tls]                                  # the front legs; a listener may override any of these keys
auto-tls = true                        # used when ssl-cert is not set
tls-version = "TLSv1.2"                # minimum: TLSv1.0 … TLSv1.3; below 1.2 is a loud choice
require-secure-transport = true
client-certificate = "optional"        # none | optional | required

[[listener]]
name     = "orders"
protocol = "mysql"                     # mysql | postgres
address  = "0.0.0.0:3306"
backend  = "orders"
greeting = "own"

[[backend]]
name      = "orders"
addresses = ["db1.internal:3306"]      # or "unix:/run/mysqld/mysqld.sock"
ssl-mode  = "VERIFY_IDENTITY"
ssl-ca    = "global-bundle.pem"        # default: the system's roots
mirror    = "prefer"
proxy-protocol = false

[log]
level = "info"     # JSON lines on stderr; one line per ended session
)"));
    ASSERT_TRUE(result) << told(result.error());
    EXPECT_EQ(told(result->warnings), "");
    EXPECT_EQ(result->config.listeners.at(0).tls, Tls{});
    EXPECT_EQ(result->config.listeners[0].address.to_string(), "0.0.0.0:3306");
    EXPECT_EQ(result->config.backends.at(0).ssl_ca, scratch.directory() / "global-bundle.pem");
}

TEST(Load, WarnsOfLoudChoices) {
    Scratch const scratch;
    scratch.write("ca.crt", "");
    auto const file = scratch.write("a.toml", R"([tls]
tls-version = "TLSv1.1"
ssl-ca = "ca.crt"
client-certificate = "required"
require-secure-transport = false
[[listener]]
name = "one"
address = "127.0.0.1:1"
backend = "far"
[[listener]]
name = "two"
address = "127.0.0.1:2"
backend = "near"
[[backend]]
name = "far"
addresses = ["127.0.0.1:9", "db1:3306"]
ssl-mode = "REQUIRED"
[[backend]]
name = "near"
addresses = ["localhost:3306", "unix:/a"]
ssl-mode = "DISABLED"
mirror = "off"
[[account]]
user = "alice"
backend = "far"
require = "SSL"
)");
    auto const result = load(file);
    ASSERT_TRUE(result) << told(result.error());
    std::string const at = file.string() + ":";
    EXPECT_EQ(told(result->warnings),
              at +
                  "2: tls-version = \"TLSv1.1\" lets clients in with a protocol that is no longer "
                  "secure [TLSv1.2 is the least that is (RFC 8996)]\n" +
                  at +
                  "5: clients in plain text show no certificate, though client-certificate is "
                  "\"required\" [set require-secure-transport = true]\n" +
                  at +
                  "17: ssl-mode = \"REQUIRED\" does not check who answers at db1:3306 "
                  "[VERIFY_IDENTITY does, and VERIFY_CA for the most part]\n" +
                  at +
                  "22: mirror = \"off\": the database does not see how its clients are "
                  "connected [its own REQUIRE rules judge the gateway; [[account]] rules judge "
                  "the clients]\n" +
                  at +
                  "26: this rule is judged by the database, not here "
                  "[[[account]] rules are for backends with mirror = \"off\"]\n");
}

}  // namespace
}  // namespace sallyport::config
