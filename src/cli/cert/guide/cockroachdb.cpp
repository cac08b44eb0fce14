#include "cli/cert/guide/guide.hpp"

namespace sallyport::cli::cert {
namespace {

constexpr std::string_view target = "/var/lib/cockroach/certs";

constexpr std::string_view whole = R"(# CockroachDB with the certificates of {certs}

This guide follows CockroachDB's documentation and source; it was not tried on CockroachDB itself.

Blocks marked sh are for root's shell on each node, unless they say otherwise; blocks marked sql are
for `cockroach sql` as root. {certs} is a copy of that directory; no CA key belongs there. Each node
needs a node.crt with its own names.

## The gateway

It does not serve node.crt: whoever has that key can do what a node can. Without ssl-cert it serves
auto-tls, or the certificate of [acme]; docs/configuration.md says how to make one below ca.crt.
The nodes' own names must stand in their certificates: the gateway verifies them. In {config}:

{gateway}
## Files

{target} is what `--certs-dir` of the nodes names.

```sh
install -d -o cockroach -g cockroach -m 0700 {target}
install -o cockroach -g cockroach -m 0644 {certs_word}/ca.crt {target}/ca.crt
install -o cockroach -g cockroach -m 0644 {certs_word}/node.crt {target}/node.crt
install -o cockroach -g cockroach -m 0600 {certs_word}/node.key {target}/node.key
```

Clients that come through the gateway are verified by its mirror CA, which has the name of
{client_ca}. On the gateway's host, as the user that it serves as; then copy the file over:

```sh gateway
sallyport mirror-ca -c {config_word} > mirror-ca.pem
```

A node that has ca-client.crt verifies all that comes in by it alone, other nodes too: so it holds
{holds} first, and the mirror CA after it. ca.crt stays as it is: the gateway is no node.

```sh
cat {client_cas}mirror-ca.pem > {target}/ca-client.crt
chown cockroach:cockroach {target}/ca-client.crt
chmod 0644 {target}/ca-client.crt
```

Whoever has the mirror CA's key (data-dir/mirror-ca on the gateway) can issue a certificate for
`root` or `node`: guard it like the key of ca.crt.

## Reload

On one node after the other; then look for `successfully reloaded certificates` in its log:

```sh restart
pkill -SIGHUP -x cockroach
```

## Accounts

{accounts}The default of `server.host_based_authentication.configuration` lets a user in by certificate
or else by password, through the gateway as directly:

```sql example
SET CLUSTER SETTING server.host_based_authentication.configuration = 'host all all all cert-password';
```
)";

std::string accounts_of(GuideSubject const& subject) {
    std::string users;
    for (auto const& user : subject.users) {
        // It is there in every cluster.
        if (user.name == "root") continue;
        std::string quoted;
        for (char const c : user.name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
        users += "CREATE USER IF NOT EXISTS \"" + quoted + "\";\n";
    }
    if (users.empty())
        return "No user of this directory has a certificate yet: `sallyport cert create-client "
               "USER` makes\none, and this guide then says what its account takes.\n\n";
    return "A certificate's CN is the user:\n\n```sql\n" + users + "```\n\n";
}

}  // namespace

std::string guide_cockroachdb(GuideSubject const& subject) {
    auto const certs = shell_word(subject.certs_dir.string());
    // Nodes show node.crt, which ca.crt issued, to each other.
    auto client_cas = certs + "/ca.crt ";
    if (subject.has_own_client_ca) client_cas += certs + "/ca-client.crt ";
    return fill(whole,
                {{"certs", subject.certs_dir.string()},
                 {"certs_word", certs},
                 {"config", subject.config.string()},
                 {"config_word", shell_word(subject.config.string())},
                 {"target", std::string(target)},
                 {"client_ca", subject.client_ca},
                 {"client_cas", client_cas},
                 {"holds", subject.has_own_client_ca ? "ca.crt and ca-client.crt" : "ca.crt"},
                 {"accounts", accounts_of(subject)},
                 {"gateway", gateway_settings(subject, "postgres", "26257", false,
                                              "scram     = \"relay\"\n")}});
}

}  // namespace sallyport::cli::cert
