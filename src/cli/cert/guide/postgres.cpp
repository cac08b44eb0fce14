#include "cli/cert/guide/guide.hpp"

namespace sallyport::cli::cert {
namespace {

constexpr std::string_view target = "/etc/postgresql/sallyport";

constexpr std::string_view whole = R"(# PostgreSQL with the certificates of {certs}

Blocks marked sh are for root's shell, on the database's host unless they say otherwise; blocks
marked sql are for psql as a superuser. {certs} is a copy of that directory; no CA key belongs
there.

## The gateway

The names that clients connect to must stand in node.crt too, since the gateway serves it; and so
must the database's own, by which the gateway verifies it. In {config}:

{gateway}
Both sides serve the same node.crt, so that logins by SCRAM, bound ones too, pass as they are. Where
they differ, see "Which scram to choose" in docs/configuration.md.

## Files

PostgreSQL takes no key that others may read: 0600 where it is its own user's.

{files}
## Settings

```sql
ALTER SYSTEM SET ssl_cert_file = '{target}/server.crt';
ALTER SYSTEM SET ssl_key_file = '{target}/server.key';
ALTER SYSTEM SET ssl_ca_file = '{target}/client-cas.pem';
ALTER SYSTEM SET ssl = on;
```

## Accounts

{accounts}## Rules

In pg_hba.conf, above every line that would let these users in otherwise. `all` stands for the
gateway's address, and for clients' where they also connect directly:

```pg_hba.conf
{hba}```

In pg_ident.conf, who a certificate (its CN) may log in as:

```pg_ident.conf
{ident}```

## Reload

No restart is needed, now or when files are replaced later. A mistake in the files leaves the old
ones in use, and the server's log says why:

```sql
SELECT pg_reload_conf();
SELECT line_number, error FROM pg_hba_file_rules WHERE error IS NOT NULL;
```

Then look, as one of the users: `SELECT * FROM pg_stat_ssl WHERE pid = pg_backend_pid();`
)";

/// A name as pg_hba.conf and pg_ident.conf take it literally, whatever is in it: unquoted, `all`
/// is everybody and +name a group.
std::string name_in_file(std::string const& name) {
    std::string quoted = "\"";
    for (char const c : name) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + '"';
}

std::string accounts_of(GuideSubject const& subject) {
    if (subject.users.empty())
        return "No user of this directory has a certificate yet: `sallyport cert create-client "
               "USER` makes\none, and this guide then says what its account takes.\n\n";
    std::string text = "```sql\n";
    for (auto const& user : subject.users) {
        auto const body =
            "BEGIN\n  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = " +
            sql_text(user.name, false) + ") THEN\n    CREATE ROLE " + name_in_file(user.name) +
            " LOGIN;\n  END IF;\nEND";
        // A name may hold what would end a body that is quoted by dollars.
        bool const has_mark = user.name.find("$do$") != std::string::npos;
        text += "DO " + (has_mark ? sql_text(body, false) : "$do$ " + body + " $do$") + ";\n";
    }
    return text + "```\n\n";
}

}  // namespace

std::string guide_postgres(GuideSubject const& subject) {
    std::string hba;
    std::string ident;
    for (auto const& user : subject.users) {
        auto const name = name_in_file(user.name);
        hba += "hostssl  all  " + name + "  all  cert  map=sallyport\n";
        ident += "sallyport  " + name + "  " + name + "\n";
    }
    return fill(whole, {{"certs", subject.certs_dir.string()},
                        {"config", subject.config.string()},
                        {"target", std::string(target)},
                        {"files", install_files(subject, "postgres", target)},
                        {"accounts", accounts_of(subject)},
                        {"hba", hba},
                        {"ident", ident},
                        {"gateway", gateway_settings(subject, "postgres", "5432", true)}});
}

}  // namespace sallyport::cli::cert
