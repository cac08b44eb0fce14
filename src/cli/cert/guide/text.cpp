#include "cli/cert/guide/guide.hpp"

#include <algorithm>

namespace sallyport::cli::cert {
namespace {

constexpr std::string_view gateway_template = R"(```{config}
[tls]
{own}ssl-ca   = {client_ca}

[[listener]]
name     = "front"
protocol = "{protocol}"
address  = "0.0.0.0:{port}"
backend  = "database"

[[backend]]
name      = "database"
addresses = ["db1.internal:{port}"]
ssl-mode  = "VERIFY_IDENTITY"
ssl-ca    = {ca}
{more}```
)";

/// As a basic string of TOML.
std::string toml_text(std::string const& text) {
    std::string quoted = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

}  // namespace

std::string fill(std::string_view text,
                 std::vector<std::pair<std::string_view, std::string>> const& values) {
    std::string filled;
    while (!text.empty()) {
        auto const start = std::min(text.find('{'), text.size());
        filled += text.substr(0, start);
        text.remove_prefix(start);
        auto const end = text.find('}');
        auto const found =
            end == std::string_view::npos
                ? values.end()
                : std::ranges::find(values, text.substr(1, end - 1),
                                    &std::pair<std::string_view, std::string>::first);
        if (found != values.end()) {
            filled += found->second;
            text.remove_prefix(end + 1);
        } else if (!text.empty()) {
            filled += text.front();
            text.remove_prefix(1);
        }
    }
    return filled;
}

std::string shell_word(std::string const& text) {
    bool const is_safe = !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("/._-+:@,").find(c) != std::string_view::npos;
    });
    if (is_safe) return text;
    std::string quoted = "'";
    for (char const c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

std::string sql_text(std::string const& text, bool has_escapes) {
    std::string quoted = "'";
    for (char const c : text) {
        if (c == '\'' || (c == '\\' && has_escapes)) quoted += c;
        quoted += c;
    }
    return quoted + "'";
}

std::string gateway_settings(GuideSubject const& subject, std::string_view protocol,
                             std::string_view port, bool serves_node, std::string_view more) {
    auto const in_directory = [&](std::string_view name) {
        return toml_text((subject.certs_dir / name).string());
    };
    auto const own = serves_node ? "ssl-cert = " + in_directory("node.crt") +
                                       "\nssl-key  = " + in_directory("node.key") + "\n"
                                 : std::string();
    return fill(gateway_template, {{"config", subject.config.string()},
                                   {"own", own},
                                   {"client_ca", in_directory(subject.client_ca)},
                                   {"ca", in_directory("ca.crt")},
                                   {"protocol", std::string(protocol)},
                                   {"port", std::string(port)},
                                   {"more", std::string(more)}});
}

std::string install_files(GuideSubject const& subject, std::string_view owner,
                          std::string_view target) {
    constexpr std::string_view text = R"(```sh
install -d -o {owner} -g {owner} -m 0700 {target}
install -o {owner} -g {owner} -m 0644 {certs_word}/node.crt {target}/server.crt
install -o {owner} -g {owner} -m 0600 {certs_word}/node.key {target}/server.key
```

Clients are verified by {client_ca}, and those that come through the gateway by its mirror CA, which
has the same name. On the gateway's host, as the user that it serves as; then copy the file over:

```sh gateway
sallyport mirror-ca -c {config_word} > mirror-ca.pem
```

```sh
cat {certs_word}/{client_ca} mirror-ca.pem > {target}/client-cas.pem
chown {owner}:{owner} {target}/client-cas.pem
chmod 0644 {target}/client-cas.pem
```
)";
    return fill(text, {{"certs_word", shell_word(subject.certs_dir.string())},
                       {"config_word", shell_word(subject.config.string())},
                       {"owner", std::string(owner)},
                       {"target", std::string(target)},
                       {"client_ca", subject.client_ca}});
}

}  // namespace sallyport::cli::cert
