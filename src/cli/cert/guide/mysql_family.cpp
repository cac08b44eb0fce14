// MariaDB, MySQL and TiDB: they differ in where the settings stand and how they are read again.
#include "cli/cert/guide/guide.hpp"

namespace sallyport::cli::cert {
namespace {

struct Dialect {
    std::string_view title;
    std::string_view owner;   ///< whom the server runs as
    std::string_view target;  ///< where its files go
    std::string_view settings_file;
    std::string_view settings;
    std::string_view start;   ///< a shell command that makes the settings count
    std::string_view reload;  ///< a statement that reads replaced files again
    std::string_view port;
    std::string_view remark;
};

constexpr std::string_view whole = R"(# {title} with the certificates of {certs}

Blocks marked sh are for root's shell, on the database's host unless they say otherwise; blocks
marked sql are for an account that may do all. {certs} is a copy of that directory; no CA key
belongs there.

## The gateway

The names that clients connect to must stand in node.crt too, since the gateway serves it; and so
must the database's own, by which the gateway verifies it. In {config}:

{gateway}
## Files

{files}
## Settings

```{settings_file}
{settings}```

They count from the next start:

```sh restart
{start}
```

When files are replaced later, no restart is needed:

```sql
{reload}
```

## Accounts

{accounts}An account without a certificate, but never in plain text:

```sql example
ALTER USER 'app'@'%' REQUIRE SSL;
```

{remark}Then look, as one of the users: `SHOW SESSION STATUS LIKE 'Ssl_%';`
)";

constexpr Dialect mariadb{
    "MariaDB",
    "mysql",
    "/etc/mysql/sallyport",
    "/etc/mysql/mariadb.conf.d/99-sallyport.cnf",
    R"([mariadbd]
ssl-cert = {target}/server.crt
ssl-key  = {target}/server.key
ssl-ca   = {target}/client-cas.pem
)",
    "systemctl restart mariadb",
    "FLUSH SSL;",
    "3306",
    "",
};

constexpr Dialect mysql{
    "MySQL",
    "mysql",
    "/etc/mysql/sallyport",
    "/etc/mysql/conf.d/sallyport.cnf",
    R"([mysqld]
ssl-cert = {target}/server.crt
ssl-key  = {target}/server.key
ssl-ca   = {target}/client-cas.pem
)",
    "systemctl restart mysql",
    "ALTER INSTANCE RELOAD TLS;",
    "3306",
    "With `caching_sha2_password`, keep both legs alike: a client inside TLS sends its password in "
    "the\n"
    "clear, which a plain back leg would carry on.\n\n",
};

constexpr Dialect tidb{
    "TiDB",
    "tidb",
    "/etc/tidb/sallyport",
    "/etc/tidb/tidb.toml",
    R"([security]
ssl-cert = "{target}/server.crt"
ssl-key  = "{target}/server.key"
ssl-ca   = "{target}/client-cas.pem"
)",
    "systemctl restart tidb-4000",
    "ALTER INSTANCE RELOAD TLS;",
    "4000",
    "Do this on every TiDB server; `[security]` of a cluster that TiUP deployed belongs into\n"
    "`server_configs` of `tiup cluster edit-config`, and `tiup cluster reload -R tidb` "
    "restarts.\n\n",
};

/// An account's name as MySQL reads it.
std::string account_of(GuideUser const& user) {
    return sql_text(user.name, true) + "@'%'";
}

std::string accounts_of(GuideSubject const& subject) {
    if (subject.users.empty())
        return "No user of this directory has a certificate yet: `sallyport cert create-client "
               "USER` makes\none, and this guide then says what its account demands.\n\n";
    std::string text =
        "The certificate is the credential: give the account a password as well (IDENTIFIED BY "
        "'…') where\nboth are wanted. The database sees the client's own names through the "
        "gateway.\n\n```sql\n";
    for (auto const& user : subject.users)
        text += "CREATE USER IF NOT EXISTS " + account_of(user) + ";\nALTER USER " +
                account_of(user) + "\n  REQUIRE SUBJECT " + sql_text(user.subject, true) +
                "\n  AND ISSUER " + sql_text(user.issuer, true) + ";\n";
    return text + "```\n\n";
}

std::string guide(Dialect const& dialect, GuideSubject const& subject) {
    std::string const target(dialect.target);
    return fill(whole, {{"title", std::string(dialect.title)},
                        {"certs", subject.certs_dir.string()},
                        {"config", subject.config.string()},
                        {"files", install_files(subject, dialect.owner, target)},
                        {"settings_file", std::string(dialect.settings_file)},
                        {"settings", fill(dialect.settings, {{"target", target}})},
                        {"start", std::string(dialect.start)},
                        {"reload", std::string(dialect.reload)},
                        {"accounts", accounts_of(subject)},
                        {"remark", std::string(dialect.remark)},
                        {"gateway", gateway_settings(subject, "mysql", dialect.port, true)}});
}

}  // namespace

std::string guide_mariadb(GuideSubject const& subject) {
    return guide(mariadb, subject);
}

std::string guide_mysql(GuideSubject const& subject) {
    return guide(mysql, subject);
}

std::string guide_tidb(GuideSubject const& subject) {
    return guide(tidb, subject);
}

}  // namespace sallyport::cli::cert
