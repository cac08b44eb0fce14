#include "gateway/acme/lego.hpp"

#include "config/words.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

/// Where PATH is not set: what execvp searches then.
constexpr char default_path[] = "/bin:/usr/bin";

/// What may lead the way to the CA, of our own environment. Nothing else is passed on.
constexpr std::array passed_on{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY",    "http_proxy",
                               "NO_PROXY",    "no_proxy",    "SSL_CERT_FILE", "SSL_CERT_DIR"};

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string what_the_ca_dials(config::Acme const& settings) {
    bool const is_http = settings.challenge == config::AcmeChallenge::http_01;
    return std::string("the CA must reach port ") + (is_http ? "80" : "443") +
           " of each domain, and come out at address = \"" + settings.address.to_string() +
           "\" here: look at DNS (A and AAAA), firewalls and port forwarding";
}

}  // namespace

Checked<fs::path> find_lego() {
    char const* const set = std::getenv("PATH");
    std::string_view rest = set != nullptr ? set : default_path;
    for (;;) {
        auto const end = std::min(rest.find(':'), rest.size());
        fs::path const program = fs::path(rest.substr(0, end)) / "lego";
        std::error_code ignored;
        if (program.is_absolute() && fs::is_regular_file(program, ignored) &&
            ::access(program.c_str(), X_OK) == 0)
            return program;
        if (end == rest.size()) break;
        rest.remove_prefix(end + 1);
    }
    return Fault{Errc::file_unreadable,
                 {},
                 "[acme] needs the ACME client lego, and there is none on the PATH",
                 "apt-get install lego"};
}

Process::Order lego_order(fs::path const& program, config::Acme const& settings,
                          fs::path const& work) {
    Process::Order order;
    order.program = program;
    order.directory = work;
    order.limit = settings.timeout;
    // Who writes [acme] with this directory-url agrees to that CA's terms: the documentation says
    // so.
    order.arguments = {"--accept-tos", "--server",       settings.directory_url,
                       "--email",      settings.contact, "--path",
                       work.string(),  "--key-type",     "ec256"};
    for (auto const& domain : settings.domains)
        order.arguments.insert(order.arguments.end(), {"--domains", domain});
    auto const address = settings.address.to_string();
    if (settings.challenge == config::AcmeChallenge::http_01)
        order.arguments.insert(order.arguments.end(), {"--http", "--http.port", address});
    else
        order.arguments.insert(order.arguments.end(), {"--tls", "--tls.port", address});
    // `renew` would judge by its own dates whether one is due; ours are the certificate's.
    order.arguments.emplace_back("run");
    order.environment = {"HOME=" + work.string()};
    if (!settings.ca_file.empty())
        order.environment.push_back("LEGO_CA_CERTIFICATES=" + settings.ca_file.string());
    for (char const* name : passed_on)
        if (char const* const value = std::getenv(name))
            order.environment.push_back(std::string(name) + "=" + value);
    return order;
}

std::string_view without_time(std::string_view line) {
    constexpr std::string_view shape = "0000/00/00 00:00:00 ";
    if (line.size() < shape.size()) return line;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        bool const is_digit = line[i] >= '0' && line[i] <= '9';
        if (shape[i] == '0' ? !is_digit : line[i] != shape[i]) return line;
    }
    return line.substr(shape.size());
}

bool is_unknown_account(std::string_view complaint) {
    return contains(complaint, "acme:error:accountDoesNotExist");
}

std::string hint_for(std::string_view complaint, config::Acme const& settings) {
    // The order counts: the first that is found is nearest to the cause.
    if (contains(complaint, "x509:"))
        return settings.ca_file.empty()
                   ? "the ACME server's own certificate is not below the system's roots: a private "
                     "one needs ca-file"
                   : "the ACME server's own certificate does not verify with " +
                         settings.ca_file.string() + ": ca-file must hold the root above it";
    if (contains(complaint, "bind: permission denied"))
        return "ports below 1024 need CAP_NET_BIND_SERVICE (in the systemd unit: "
               "AmbientCapabilities=CAP_NET_BIND_SERVICE), or set address to a higher port and "
               "forward the CA's to it";
    if (contains(complaint, "address already in use"))
        return "another program has " + settings.address.to_string() +
               ": stop it, set address, or use the other challenge";
    if (contains(complaint, "acme:error:rateLimited"))
        return "the CA asks for patience; attempts go on ever more seldom by themselves";
    if (contains(complaint, "acme:error:externalAccountRequired"))
        return "this CA wants an external account binding, which [acme] has no keys for: get the "
               "certificate with another client and name its files as ssl-cert and ssl-key";
    if (is_unknown_account(complaint))
        return "the CA has forgotten our account: the next attempt makes a new one";
    if (contains(complaint, "acme:error:rejectedIdentifier") ||
        contains(complaint, "acme:error:caa"))
        return "the CA does not issue for one of the domains: look at its policy, and at the "
               "domain's CAA records";
    for (auto const* type : {"acme:error:connection", "acme:error:unauthorized", "acme:error:dns",
                             "acme:error:tls", "acme:error:incorrectResponse"})
        if (contains(complaint, type)) return what_the_ca_dials(settings);
    for (auto const* trouble :
         {"get directory", "no such host", "connection refused", "timeout", "deadline exceeded"})
        if (contains(complaint, trouble))
            return "the ACME server must be reachable from here: " + settings.directory_url;
    return {};
}

}  // namespace sallyport::gateway
