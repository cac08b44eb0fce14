#include "pki/leaf_rules.hpp"

#include "base/json.hpp"
#include "pki/alternative_names.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <iterator>
#include <optional>

namespace sallyport::pki {
namespace {

// RFC 1035 section 2.3.4, as text.
constexpr std::size_t longest_dns_name = 253;
constexpr std::size_t longest_label = 63;
// X.520's upper bound for a common name, in characters (RFC 5280 appendix A.1).
constexpr std::size_t longest_user = 64;
// A name costs about 30 bytes; clients refuse certificates of 100 KiB (OpenSSL's default limit).
constexpr std::size_t most_hosts = 1000;
constexpr std::size_t longest_url = 2000;

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view label) {
    // Underscores are no letters of host names, but containers' names have them and clients accept.
    auto const allowed = [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; };
    return !label.empty() && label.size() <= longest_label && label.front() != '-' &&
           label.back() != '-' && std::ranges::all_of(label, allowed);
}

bool is_dns_name(std::string_view name) {
    if (name.size() > longest_dns_name) return false;
    std::string_view last = name;
    if (name.starts_with("*.")) name.remove_prefix(2);
    for (;;) {
        auto const dot = name.find('.');
        last = name.substr(0, dot);
        if (!is_label(last)) return false;
        if (dot == std::string_view::npos) break;
        name.remove_prefix(dot + 1);
    }
    // "10.0.0.256" is no address, and no name either: no top-level domain is a number (RFC 3696).
    return !std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_address(std::string const& text) {
    std::array<unsigned char, 16> address{};
    return ::inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

/// What stands in the brackets around an IPv6 address, as URLs and configurations have it.
std::string without_brackets(std::string const& host) {
    if (host.size() < 2 || host.front() != '[' || host.back() != ']') return host;
    auto const inner = host.substr(1, host.size() - 2);
    std::array<unsigned char, 16> address{};
    return ::inet_pton(AF_INET6, inner.c_str(), address.data()) == 1 ? inner : host;
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0; });
}

/// What was probably meant.
std::string host_hint(std::string_view host) {
    if (host.find("://") != std::string_view::npos)
        return "give the host name alone, without scheme and path";
    if (!is_ascii(host)) return "write it as DNS does: its labels in the form xn--...";
    if (host.starts_with('[') && host.find(',') != std::string_view::npos)
        return "give each host as a word of its own, without brackets and commas";
    if (host.starts_with('['))
        return "brackets are for an IPv6 address alone, without a port: [::1], or ::1";
    if (host.find(',') != std::string_view::npos) return "give each host as a word of its own";
    auto const colon = host.rfind(':');
    if (colon != std::string_view::npos && is_dns_name(host.substr(0, colon)))
        return "give the host name alone, without the port";
    if (host.ends_with('.')) return "write it without the dot at its end";
    if (host.find('*') != std::string_view::npos)
        return "a wildcard stands for the whole first label: *.example.com";
    return "a host is a DNS name, a wildcard such as *.example.com, or an IP address";
}

/// For messages: control characters must not reach a terminal.
std::string printable(std::string_view text) {
    std::string shown;
    for (char const c : text) shown += (c >= 0 && c < ' ') || c == '\x7f' ? '?' : c;
    return shown;
}

/// The number of characters; none where the text is not UTF-8.
std::optional<std::size_t> characters(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) {
        auto const length = utf8_length(text);
        if (length == 0) return std::nullopt;
        text.remove_prefix(length);
    }
    return count;
}

Fault bad_user(std::string_view user, std::string_view why) {
    return {Errc::file_invalid, "the user name '" + printable(user) + "' " + std::string(why),
            "it becomes the common name of the certificate and a part of its file's name"};
}

/// As CockroachDB writes them: hours with six decimals.
std::string hours_text(seconds duration) {
    return std::to_string(static_cast<double>(duration.count()) / 3600) + "h";
}

}  // namespace

Checked<std::vector<std::string>> check_hosts(std::vector<std::string> const& hosts) {
    std::vector<std::string> names;
    for (auto const& given : hosts) {
        auto const host = without_brackets(given);
        if (!is_address(host) && !is_dns_name(host))
            return Fault{Errc::file_invalid,
                         "'" + printable(host) + "' is no host name and no address",
                         host_hint(host)};
        auto name = canonical_name(host);
        if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    }
    if (names.size() > most_hosts)
        return Fault{Errc::file_invalid, "more than 1000 hosts are too many for one certificate",
                     "a wildcard such as *.example.com stands for many"};
    return names;
}

Checked<void> check_user(std::string_view user) {
    if (user.empty()) return bad_user(user, "is empty");
    auto const count = characters(user);
    if (!count) return bad_user(user, "is not UTF-8");
    if (*count > longest_user) return bad_user(user, "is longer than 64 characters");
    if (user.find('/') != std::string_view::npos) return bad_user(user, "contains a slash");
    // C1 controls (U+0080 to U+009F) are two bytes in UTF-8, the first of them 0xC2.
    bool const has_c1 = std::ranges::adjacent_find(user, [](char a, char b) {
                            return a == '\xc2' && static_cast<unsigned char>(b) < 0xa0;
                        }) != user.end();
    bool const has_c0 =
        std::ranges::any_of(user, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
    if (has_c0 || has_c1) return bad_user(user, "contains control characters");
    return {};
}

Checked<void> check_crl_url(std::string_view url) {
    if (url.empty()) return {};
    bool const has_scheme = url.starts_with("http://") || url.starts_with("https://");
    bool const printable_ascii =
        std::ranges::all_of(url, [](char c) { return c > ' ' && c <= '~'; });
    if (has_scheme && printable_ascii && url.size() <= longest_url) return {};
    return Fault{Errc::file_invalid, "'" + printable(url) + "' is no http: or https: URL",
                 "for example https://gateway.example.com:9443/trust/ca.crl"};
}

Checked<void> check_lifetime(Certificate const& ca, seconds lifetime, Time now) {
    auto const left = ca.not_after() - now;
    if (lifetime <= left) return {};
    // CockroachDB's text, its advice in our hint. Its number is rounded down, so that it fits.
    auto const fitting = std::chrono::duration_cast<std::chrono::hours>(left).count();
    std::string const shorter =
        fitting > 0
            ? ", or rerun with --lifetime=" + std::to_string(fitting) + "h for a shorter duration"
            : "";
    return Fault{Errc::certificate_expired,
                 "CA lifetime is " + hours_text(left) + ", shorter than the requested " +
                     hours_text(lifetime),
                 "renew the CA certificate (create-ca --overwrite)" + shorter};
}

}  // namespace sallyport::pki
