// The `psql` command line, as the demo uses it.
#include "cli/demo/paste.hpp"
#include "cli/demo/postgres.hpp"

namespace sallyport::cli {
namespace {

constexpr char const* question =
    "\\conninfo\n"
    "SELECT 'seen', current_user, version, cipher, client_dn FROM pg_stat_ssl"
    " WHERE pid = pg_backend_pid();\n";

/// One setting of a connection string (libpq, section 34.1.1.1): in quotes, or a path with a space
/// would end it.
std::string setting(std::string const& name, std::string const& value) {
    if (value.find_first_of(" '\\") == std::string::npos && !value.empty())
        return name + "=" + value;
    std::string quoted;
    for (char const letter : value) {
        if (letter == '\'' || letter == '\\') quoted += '\\';
        quoted += letter;
    }
    return name + "='" + quoted + "'";
}

Arguments account(std::uint16_t port, std::string_view user) {
    return {"host=127.0.0.1", setting("port", std::to_string(port)),
            "dbname=" + std::string(demo_accounts::database), "user=" + std::string(user)};
}

/// The one argument that the settings are for psql.
Arguments connection(Arguments const& settings) {
    std::string text;
    for (auto const& setting : settings) text += (text.empty() ? "" : " ") + setting;
    return {text};
}

/// Between the quotes of the shell a new line is white space to libpq, as good as any other.
std::string to_paste(Arguments const& settings) {
    Arguments words;
    for (auto const& setting : settings) {
        auto const quoted = shell_quoted(setting);
        words.push_back(quoted == setting ? setting : quoted.substr(1, quoted.size() - 2));
    }
    return folded("psql '", words, "") + "'";
}

std::vector<DemoVisit> visits(Arguments const& app, Arguments const& cert) {
    return {{"app, password, a default psql", connection(app), "app"},
            {"app, channel binding required",
             connection(app + Arguments{"channel_binding=require"}), "app"},
            {"app, at most TLS 1.2",
             connection(app + Arguments{"ssl_max_protocol_version=TLSv1.2"}), "app", "TLSv1.2"},
            {"cert, client certificate", connection(cert), "cert", {}, "/CN=cert"}};
}

}  // namespace

DemoClient postgres_client(DemoPlace const& place, PostgresPrograms const& programs,
                           DemoPki const& pki, DemoPorts ports) {
    place.write_private("app.pgpass",
                        "*:*:*:app:" + place.keep_password(demo_files::password) + "\n");
    auto const app = account(ports.door, demo_accounts::with_password);
    auto const cert = account(ports.door, demo_accounts::with_certificate);
    Arguments const password{setting("passfile", place.file("app.pgpass").string())};
    Arguments const verified{"sslmode=verify-full", setting("sslrootcert", pki.ca.string())};
    Arguments const certificate{setting("sslcert", pki.client.certificate.string()),
                                setting("sslkey", pki.client.key.string())};
    DemoClient client;
    client.database = "PostgreSQL";
    client.ports = ports;
    client.program = programs.client;
    client.manner = {"-X", "-w", "-A", "-t", "-F", "\t"};
    client.question = question;
    // Up to psql 17, and in the table that psql 18 makes of it.
    client.before_cipher = {"cipher: ", "SSL Cipher\t"};
    client.visits = visits(app + verified + password, cert + verified + certificate);
    client.refusals = {
        {"cert, without its certificate", connection(cert + verified),
         "connection requires a valid client certificate", "database"},
        {"app, in plain text", connection(app + password + Arguments{"sslmode=disable"}),
         "no encryption", "door"}};
    client.with_password = to_paste(app + verified + password);
    client.with_certificate = to_paste(cert + verified + certificate);
    client.look = "SELECT * FROM pg_stat_ssl WHERE pid = pg_backend_pid();";
    client.directly = "port=" + std::to_string(ports.database) + " " +
                      setting("sslrootcert", pki.postgres_ca.string());
    return client;
}

}  // namespace sallyport::cli
