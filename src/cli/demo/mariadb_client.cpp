// The `mariadb` command line, as the demo uses it.
#include "cli/demo/mariadb.hpp"
#include "cli/demo/paste.hpp"

namespace sallyport::cli {
namespace {

constexpr char const* question =
    "status\n"
    "SELECT 'seen', CURRENT_USER(),"
    " (SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS"
    " WHERE VARIABLE_NAME = 'Ssl_version'),"
    " (SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS"
    " WHERE VARIABLE_NAME = 'Ssl_cipher');\n";

constexpr char const* no_options = "--no-defaults";

/// The option file comes first: the client takes it nowhere else.
Arguments account(char const* options, std::uint16_t port, std::string_view user) {
    return {options, "--host=127.0.0.1", "--port=" + std::to_string(port),
            "--user=" + std::string(user)};
}

std::string to_paste(Arguments const& arguments) {
    Arguments words;
    for (auto const& argument : arguments) words.push_back(shell_quoted(argument));
    words.emplace_back(demo_accounts::database);
    return folded("mariadb ", words, " \\");
}

}  // namespace

DemoClient mariadb_client(DemoPlace const& place, MariadbPrograms const& programs,
                          DemoPki const& pki, DemoPorts ports) {
    place.write_private("app.cnf",
                        "[client]\npassword=" + place.keep_password(demo_files::password) + "\n");
    auto const options = "--defaults-file=" + place.file("app.cnf").string();
    auto const app = account(options.c_str(), ports.door, demo_accounts::with_password);
    auto const cert = account(no_options, ports.door, demo_accounts::with_certificate);
    Arguments const verified{"--ssl-ca=" + pki.ca.string(), "--ssl-verify-server-cert"};
    Arguments const certificate{"--ssl-cert=" + pki.client.certificate.string(),
                                "--ssl-key=" + pki.client.key.string()};
    DemoClient client;
    client.database = "MariaDB";
    client.ports = ports;
    client.program = programs.client;
    client.manner = {"--batch", "--skip-column-names"};
    client.question = question;
    client.before_cipher = {"Cipher in use is "};
    client.visits = {
        {"app, password", app + verified, "app@127.0.0.1"},
        {"app, password, at most TLS 1.2", app + verified + Arguments{"--tls-version=TLSv1.2"},
         "app@127.0.0.1", "TLSv1.2"},
        {"cert, client certificate", cert + verified + certificate, "cert@127.0.0.1"}};
    client.refusals = {{"cert, without its certificate", cert + verified, "ERROR 1045", "database"},
                       {"app, in plain text", app + Arguments{"--skip-ssl"}, "ERROR 3159", "door"}};
    client.with_password = to_paste(app + verified);
    client.with_certificate = to_paste(cert + verified + certificate);
    client.look = "SHOW SESSION STATUS LIKE 'Ssl_%';";
    client.directly = "--port=" + std::to_string(ports.database);
    return client;
}

}  // namespace sallyport::cli
