#include "cli/demo/mariadb.hpp"

#include "cli/demo/failure.hpp"
#include "cli/demo/programs.hpp"
#include "cli/demo/user.hpp"

#include <unistd.h>

namespace sallyport::cli {
namespace {

namespace fs = std::filesystem;

/// Beside its data, and named from there: the path of a Unix socket may have 107 characters only.
constexpr char const* socket_option = "--socket=mariadb.sock";

/// Nothing of what a large server needs: it starts faster, and fits beside other work.
Arguments small_buffers() {
    return {"--innodb-buffer-pool-size=16M", "--innodb-log-file-size=16M",
            "--innodb-use-native-aio=OFF", "--key-buffer-size=1M",
            "--aria-pagecache-buffer-size=4M"};
}

fs::path find(std::string const& name) {
    for (auto const& directory : program_directories())
        if (has_program(directory, name)) return directory / name;
    throw DemoFailure("there is no " + name + " in PATH or /usr/sbin",
                      "apt-get install mariadb-server-core mariadb-client-core");
}

std::string account_sql(std::string const& password) {
    return "CREATE DATABASE IF NOT EXISTS demo;\n"
           "CREATE USER IF NOT EXISTS app@'127.0.0.1';\n"
           "ALTER USER app@'127.0.0.1' IDENTIFIED BY '" +
           password +
           "' REQUIRE SSL;\n"
           "CREATE USER IF NOT EXISTS cert@'127.0.0.1';\n"
           "ALTER USER cert@'127.0.0.1' REQUIRE X509;\n"
           "GRANT ALL ON demo.* TO app@'127.0.0.1', cert@'127.0.0.1';\n"
           "CREATE USER IF NOT EXISTS sallyport@'127.0.0.1';\n";
}

Command installer(DemoPlace const& place, fs::path const& program, fs::path const& data) {
    Command command{
        program,
        {"--no-defaults", "--datadir=" + unfinished(data).string(), "--skip-test-db",
         // Seen from the data directory: the script would take a path apart at its spaces.
         "--tmpdir=..", "--auth-root-authentication-method=socket",
         "--auth-root-socket-user=" + own_name(),
         // Without it host names would be looked up, which may take long offline.
         "--force"},
        place.directory()};
    for (auto const& option : small_buffers()) command.arguments.push_back(option);
    // The long form would make the script change the owner of files that belong to the package.
    if (::geteuid() == 0) command.arguments.emplace_back("-uroot");
    return command;
}

Command server(DemoPlace const& place, fs::path const& program, fs::path const& data,
               DemoPki const& pki, std::uint16_t port) {
    Command command{
        program,
        {"--no-defaults", "--datadir=" + data.string(), socket_option, "--pid-file=mariadb.pid",
         "--tmpdir=" + place.directory().string(), "--bind-address=127.0.0.1",
         "--port=" + std::to_string(port), "--skip-name-resolve", "--skip-log-bin",
         "--ssl-cert=" + pki.server.certificate.string(), "--ssl-key=" + pki.server.key.string(),
         "--ssl-ca=" + pki.client_trust.string()},
        place.directory()};
    for (auto const& option : small_buffers()) command.arguments.push_back(option);
    if (::geteuid() == 0) command.arguments.emplace_back("--user=root");
    return command;
}

}  // namespace

MariadbPrograms find_mariadb() {
    return {find("mariadbd"), find("mariadb-install-db"), find("mariadb")};
}

DemoRecipe mariadb_recipe(DemoPlace const& place, MariadbPrograms const& programs,
                          DemoPki const& pki, std::uint16_t port) {
    auto const data = place.file("mariadb");
    DemoRecipe recipe;
    recipe.name = "MariaDB";
    recipe.data = data;
    recipe.log = place.file("mariadb.log");
    recipe.version = {programs.server, {"--no-defaults", "--version"}};
    recipe.before_version = "Ver";
    recipe.installer = installer(place, programs.installer, data);
    recipe.server = server(place, programs.server, data, pki, port);
    recipe.administrator = {
        programs.client,
        {"--no-defaults", "--protocol=socket", socket_option, "--user=" + own_name()},
        data,
        account_sql(place.keep_password(demo_files::password))};
    // Nobody listens on the socket yet.
    recipe.early = {"ERROR 2002"};
    return recipe;
}

}  // namespace sallyport::cli
