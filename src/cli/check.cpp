// `sallyport check`: builds all that `serve` would build, and says what that is.
//
// It writes nothing where the gateway works: run by another user than the gateway's, it would leave
// keys there that the gateway cannot read. What auto-tls and the mirror make is made in a temporary
// directory, to see the rest of the settings work with it.
#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/say.hpp"
#include "cli/settings.hpp"
#include "config/scram.hpp"
#include "config/words.hpp"
#include "gateway/acme/lego.hpp"
#include "gateway/acme/store.hpp"
#include "gateway/world.hpp"
#include "pki/files.hpp"

#include <chrono>
#include <ctime>
#include <sstream>
#include <stdexcept>
#include <stdlib.h>
#include <string>

namespace sallyport::cli {

namespace {

using std::chrono::days;

/// Long enough for a person to order a new certificate.
constexpr days expiry_warning{14};

/// A directory that ends with its owner.
class Scratch {
 public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "sallyport-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("cannot make a temporary directory " + name);
        directory_ = name;
    }
    Scratch(Scratch const&) = delete;
    Scratch& operator=(Scratch const&) = delete;
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    path const& directory() const { return directory_; }

 private:
    path directory_;
};

void setting(std::string_view key, std::string_view value) {
    constexpr std::size_t width = 28;
    std::string line = "  " + std::string(key);
    line.resize(std::max(line.size() + 1, width), ' ');
    out(line + std::string(value));
}

std::string_view yes_no(bool value) {
    return value ? "true" : "false";
}

template <class Items, class Text>
std::string joined(Items const& items, Text text) {
    std::string all;
    for (auto const& item : items) all += (all.empty() ? "" : ", ") + text(item);
    return all;
}

days days_left(pki::Certificate const& certificate) {
    return std::chrono::floor<days>(certificate.not_after() - std::chrono::system_clock::now());
}

std::string day_of(pki::Time time) {
    std::time_t const seconds = std::chrono::system_clock::to_time_t(time);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::string text(sizeof("YYYY-MM-DD"), '\0');
    text.resize(std::strftime(text.data(), text.size(), "%F", &utc));
    return text;
}

void describe(pki::Certificate const& certificate) {
    setting("certificate", certificate.subject());
    setting("  names", joined(certificate.names(), [](std::string const& name) { return name; }));
    setting("  expires", day_of(certificate.not_after()) + ", in " +
                             std::to_string(days_left(certificate).count()) + " days");
}

/// The certificate that auto-tls has made under `data_dir`, if `serve` ever ran there.
void describe_auto_tls(path const& data_dir) {
    path const directory = data_dir / "auto-tls";
    std::error_code error;
    if (!std::filesystem::exists(directory / "server.crt", error)) {
        setting("certificate", error ? "auto-tls: " + directory.string() + ": " + error.message()
                                     : "auto-tls: will be made at first start");
        return;
    }
    auto const text = pki::read_file(directory / "server.crt");
    auto const chain = text ? pki::Certificate::from_pem(*text) : text.error();
    if (chain)
        describe(chain->front());
    else
        setting("certificate", "auto-tls: " + (directory / "server.crt").string() + ": " +
                                   chain.error().message());
    setting("  clients trust", (directory / "ca.crt").string());
}

void describe(gateway::Door const& door, path const& data_dir) {
    config::Listener const& listener = door.settings;
    config::Tls const& tls = listener.tls;
    out("listener " + listener.name);
    setting("address", listener.address.to_string());
    setting("protocol", config::word(listener.protocol));
    setting("backend", listener.backend);
    if (listener.protocol == config::Protocol::mysql)
        setting("greeting", config::word(listener.greeting));
    if (!tls.ssl_cert.empty() || gateway::read_acme_certificate(tls.acme_certificate)) {
        for (pki::Credential const& credential : door.credentials)
            describe(credential.chain.front());
    } else if (tls.auto_tls) {
        describe_auto_tls(data_dir);
    } else {
        setting("certificate", "none: secure connection is NOT ENABLED");
    }
    if (!door.why_no_canary.empty()) setting("canary", "none: " + door.why_no_canary);
    for (pki::Credential const& credential : door.canary_credentials) {
        std::ostringstream share;
        share << tls.canary_share;
        setting("canary", share.str() + " of the handshakes, until " +
                              std::to_string(tls.canary_limit) + " are refused");
        describe(credential.chain.front());
    }
    setting("tls-version", std::string(config::word(tls.tls_version)) + " or newer");
    setting("require-secure-transport", yes_no(tls.require_secure_transport));
    setting("client-certificate", tls.ssl_ca.empty()
                                      ? "none: no ssl-ca is set"
                                      : std::string(config::word(tls.client_certificate)) +
                                            ", verified with " + tls.ssl_ca.string());
    if (!tls.ssl_crl.empty())
        setting("revoked-sessions",
                std::string(config::word(tls.revoked_sessions)) + ", by " + tls.ssl_crl.string());
}

/// Where the SCRAM verifiers of a PostgreSQL backend come from.
std::string sources(config::Backend const& backend) {
    config::Verifiers const& verifiers = backend.verifiers;
    if (config::refuses_binding(backend))
        return "none: clients that bind SCRAM are refused, unless the certificate is the same";
    if (verifiers.empty()) return "none";
    std::string text = verifiers.auth_file.string();
    if (verifiers.auth_user.empty()) return text;
    if (!text.empty()) text += ", then ";
    return text + "asked for by " + verifiers.auth_user + ", in the database " +
           verifiers.auth_database;
}

void describe_logins(config::Backend const& backend) {
    setting("negotiation", config::word(backend.negotiation));
    setting("scram", config::word(backend.scram));
    if (backend.scram == config::Scram::automatic || backend.scram == config::Scram::verifier)
        setting("  verifiers", sources(backend));
}

void describe(config::Backend const& backend) {
    out("backend " + backend.name);
    setting("protocol", config::word(backend.protocol));
    setting("addresses",
            joined(backend.addresses, [](config::Address const& one) { return one.to_string(); }));
    bool const is_verified = backend.ssl_mode >= config::SslMode::verify_ca;
    std::string const roots =
        backend.ssl_ca.empty() ? "the system's roots" : backend.ssl_ca.string();
    setting("ssl-mode", std::string(config::word(backend.ssl_mode)) +
                            (is_verified ? ", verified with " + roots : ""));
    setting("mirror", config::word(backend.mirror));
    setting("proxy-protocol", yes_no(backend.proxy_protocol));
    if (backend.protocol == config::Protocol::postgres) describe_logins(backend);
}

void describe(config::Console const& console) {
    if (!console.address) return;
    out("console");
    setting("address", console.address->to_string());
    setting("trust-dir", console.trust_dir.empty() ? "none" : console.trust_dir.string());
    setting("certificate", "that of the listener " + console.listener);
}

void warn_of_expiry(gateway::Door const& door) {
    for (pki::Credential const& credential : door.credentials) {
        pki::Certificate const& certificate = credential.chain.front();
        if (days_left(certificate) < expiry_warning)
            warning("listener " + door.settings.name + ": the certificate " +
                    certificate.subject() + " expires in " +
                    std::to_string(days_left(certificate).count()) + " days");
    }
}

void describe(config::Acme const& acme) {
    out("acme");
    setting("directory-url", acme.directory_url);
    setting("contact", acme.contact);
    setting("domains", joined(acme.domains, [](std::string const& name) { return name; }));
    setting("challenge", std::string(config::word(acme.challenge)) + ", answered on " +
                             acme.address.to_string());
    setting("certificate", (acme.directory / config::acme_certificate_name).string());
}

std::string counted(std::size_t count, std::string const& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

int check(path const& file) {
    log::set_level("error");
    auto settings = read_settings(file);
    if (!settings) return 1;

    if (settings->acme)
        if (auto const lego = gateway::find_lego(); !lego) {
            error(lego.error().what(), lego.error().hint);
            return 1;
        }
    Scratch const scratch;
    path const data_dir = std::exchange(settings->data_dir, scratch.directory());
    gateway::Estate estate;
    auto const world = gateway::World::build(*settings, estate);
    if (!world) {
        error(world.error().what(), world.error().hint);
        return 1;
    }
    out("data-dir " + data_dir.string());
    for (auto const& door : (*world)->doors()) {
        warn_of_expiry(*door);
        describe(*door, data_dir);
    }
    for (config::Backend const& backend : settings->backends) describe(backend);
    if (settings->acme) describe(*settings->acme);
    describe(settings->console);
    out("ok: " + counted(settings->listeners.size(), "listener") + ", " +
        counted(settings->backends.size(), "backend"));
    return 0;
}

}  // namespace sallyport::cli
