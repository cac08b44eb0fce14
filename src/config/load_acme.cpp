// [acme]: the CA, the account, the names, and where their possession is proved.
#include "config/address.hpp"
#include "config/load_tables.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>

namespace sallyport::config {

namespace {

constexpr std::array<std::string_view, 3> acme_needs{"directory-url", "contact", "domains"};
/// What the CA dials, whatever `address` says (RFC 8555 section 8.3, RFC 8737 section 3).
constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t tls_port = 443;
/// Names in one certificate: what public CAs allow (Let's Encrypt: 100).
constexpr std::size_t max_domains = 100;
/// RFC 1035 section 2.3.4, as text without the last dot; and one label.
constexpr std::size_t max_domain = 253;
constexpr std::size_t max_label = 63;
/// The first name becomes the subject's CN, which X.520 limits (ub-common-name).
constexpr std::size_t max_common_name = 64;
/// Its file names must fit into 255 bytes (NAME_MAX), with room for endings.
constexpr std::size_t max_url = 200;
/// RFC 5321 section 4.5.3.1.3, without the angle brackets; and it is a file's name too.
constexpr std::size_t max_contact = 200;

bool is_one_of(char c, std::string_view extra) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= max_label && label.front() != '-' &&
           label.back() != '-' &&
           std::all_of(label.begin(), label.end(), [](char c) { return is_one_of(c, "-"); });
}

bool is_domain(std::string_view name) {
    if (name.empty() || name.size() > max_domain) return false;
    for (std::size_t start = 0; start <= name.size();) {
        auto const end = std::min(name.find('.', start), name.size());
        if (!is_label(name.substr(start, end - start))) return false;
        start = end + 1;
    }
    return true;
}

bool is_ip(std::string const& text) {
    in6_addr ignored{};
    return ::inet_pton(AF_INET, text.c_str(), &ignored) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

void judge_domain(Section& in, std::string const& name) {
    auto const text = "the domain \"" + name + "\" ";
    if (name.starts_with("*"))
        in.fault("domains", text + "is a wildcard, which only the challenge dns-01 can prove",
                 "name each host; or get the certificate with another ACME client and name its "
                 "files as ssl-cert and ssl-key: they are watched");
    else if (is_ip(name))
        in.fault("domains", text + "is an address, and ACME here is for names",
                 "write the name that clients connect to");
    else if (!is_domain(name))
        in.fault("domains", text + "is not a DNS name",
                 "letters, digits, dashes and dots; write other letters in their xn-- form");
}

void read_domains(Section& in, Acme& acme) {
    if (!in.read_names("domains", acme.domains)) return;
    for (auto& name : acme.domains) {
        judge_domain(in, name);
        for (char& c : name)
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (std::count(acme.domains.begin(), acme.domains.end(), name) > 1)
            in.fault("domains", "the domain \"" + name + "\" is listed twice");
    }
    if (acme.domains.size() > max_domains)
        in.fault("domains", std::to_string(acme.domains.size()) + " domains are too many",
                 "one certificate holds " + std::to_string(max_domains) + " at most");
    if (acme.domains.front().size() > max_common_name)
        in.fault("domains",
                 "the first domain has more than " + std::to_string(max_common_name) +
                     " characters, which a certificate's subject cannot hold",
                 "name a shorter one first");
}

void read_account(Section& in, Acme& acme) {
    if (in.read_name("directory-url", acme.directory_url)) {
        auto const& url = acme.directory_url;
        bool const is_plain = std::all_of(url.begin(), url.end(),
                                          [](char c) { return is_one_of(c, ":/.-_~%?&=[]"); });
        if (!url.starts_with("https://") || url.size() == std::string_view("https://").size() ||
            url.size() > max_url || !is_plain)
            in.fault("directory-url", "directory-url is not an https:// address",
                     "for example \"https://acme-v02.api.letsencrypt.org/directory\"");
    }
    if (in.read_name("contact", acme.contact)) {
        auto const& mail = acme.contact;
        auto const at = mail.find('@');
        bool const is_plain =
            std::all_of(mail.begin(), mail.end(), [](char c) { return is_one_of(c, "@.-_+"); });
        if (at == std::string::npos || at == 0 || at + 1 == mail.size() || !is_plain ||
            mail.front() == '-' || mail.size() > max_contact)
            in.fault("contact", "contact is not a mail address",
                     "the address alone, for example \"dba@example.com\"");
    }
}

/// "https://acme.example/dir?x" as one file name: acme.example_dir_x. Another CA, or its staging
/// twin, has another account and other certificates.
std::string file_name_of(std::string const& url) {
    auto name = url.substr(std::min(url.size(), std::string_view("https://").size()));
    for (char& c : name)
        if (!is_one_of(c, ".-")) c = '_';
    return name;
}

void read_address(Section& in, Config const& config, Acme& acme) {
    acme.address.port = acme.challenge == AcmeChallenge::http_01 ? http_port : tls_port;
    in.read("address", acme.address);
    if (acme.address.is_unix())
        in.fault("address", "the challenge cannot be answered on a Unix socket",
                 "the CA connects to port " + std::to_string(acme.address.port) + " of the domain");
    for (auto const& listener : config.listeners)
        if (share_a_port(acme.address, listener.address))
            in.fault("address",
                     "the listener \"" + listener.name + "\" has the address where the challenge " +
                         "is answered, " + acme.address.to_string(),
                     "give one of them another port, and lead the CA's there");
}

}  // namespace

void read_acme(Section& top, LoadContext& context, Config& config) {
    toml::table const* const table = top.table("acme");
    if (table == nullptr) return;
    Section in(*table, Table::acme, context);
    Acme acme;
    in.require(acme_needs);
    read_account(in, acme);
    read_domains(in, acme);
    in.read("challenge", acme.challenge);
    read_address(in, config, acme);
    in.read_file("ca-file", acme.ca_file);
    in.read("timeout", acme.timeout);
    in.read("retry-interval", acme.retry_interval);
    acme.directory = config.data_dir / "acme" / file_name_of(acme.directory_url);
    bool is_used = false;
    for (auto& listener : config.listeners) {
        if (!listener.tls.ssl_cert.empty()) continue;
        listener.tls.acme_certificate = acme.directory / acme_certificate_name;
        is_used = true;
    }
    if (!is_used && !config.listeners.empty())
        in.warn("domains", "every listener has an ssl-cert: no certificate is asked for",
                "a listener without ssl-cert serves the one from [acme]");
    if (is_used) config.acme = std::move(acme);
}

}  // namespace sallyport::config
