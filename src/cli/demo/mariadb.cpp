#include "cli/demo/mariadb.hpp"

#include <cstdlib>
#include <pwd.h>
#include <sstream>
#include <unistd.h>

namespace sallyport::cli {
namespace {

namespace fs = std::filesystem;

/// Generous: a busy disk makes installing take a minute, and so does recovery after a kill.
constexpr milliseconds patience = std::chrono::minutes(3);
constexpr milliseconds answer_limit = std::chrono::seconds(30);
/// Between two attempts to reach a server that is starting, which takes it about a second.
constexpr milliseconds retry_pause{100};

/// Beside its data, and named from there: the path of a Unix socket may have 107 characters only.
constexpr char const* socket_option = "--socket=mariadb.sock";

/// Nothing of what a large server needs: it starts faster, and fits beside other work.
std::vector<std::string> small_buffers() {
    return {"--innodb-buffer-pool-size=16M", "--innodb-log-file-size=16M",
            "--innodb-use-native-aio=OFF", "--key-buffer-size=1M",
            "--aria-pagecache-buffer-size=4M"};
}

fs::path find_program(std::string const& name) {
    char const* const variable = std::getenv("PATH");
    std::istringstream directories((variable != nullptr ? variable : "/usr/bin:/bin") +
                                   std::string(":/usr/sbin"));
    for (std::string directory; std::getline(directories, directory, ':');) {
        fs::path const file = fs::path(directory) / name;
        std::error_code error;
        if (file.is_absolute() && fs::is_regular_file(file, error) &&
            ::access(file.c_str(), X_OK) == 0)
            return file;
    }
    throw DemoFailure("there is no " + name + " in PATH or /usr/sbin",
                      "apt-get install mariadb-server-core mariadb-client-core");
}

/// The administrator's account is for the one who starts the demo: proven by the socket, no
/// password.
std::string system_user() {
    passwd const* const entry = ::getpwuid(::geteuid());
    if (entry == nullptr)
        throw DemoFailure("user " + std::to_string(::geteuid()) + " has no name on this machine",
                          "MariaDB knows its administrator by it: add the user to /etc/passwd");
    return entry->pw_name;
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

}  // namespace

MariadbPrograms find_mariadb() {
    return {find_program("mariadbd"), find_program("mariadb-install-db"), find_program("mariadb")};
}

DemoMariadb::DemoMariadb(DemoPlace const& place, MariadbPrograms programs, StopSignals const& stop)
    : place_(place),
      programs_(std::move(programs)),
      stop_(stop),
      data_(place.file("mariadb")),
      log_(place.file("mariadb.log")) {
    place.write_private("mariadb.log", "");
}

DemoFailure DemoMariadb::failure(std::string const& what) const {
    return {what, "remove " + place_.directory().string() + " to start anew", log_};
}

std::string DemoMariadb::version() const {
    auto const asked =
        run({programs_.server, {"--no-defaults", "--version"}, {}, {}}, stop_, answer_limit);
    std::istringstream words(asked.output);
    for (std::string word; words >> word;)
        if (word == "Ver" && words >> word) return word;
    throw DemoFailure(programs_.server.string() + " does not run: " + asked.errors);
}

bool DemoMariadb::is_installed() const {
    std::error_code error;
    return fs::exists(data_, error);
}

void DemoMariadb::install() {
    fs::path const unfinished = data_.string() + ".new";
    std::error_code error;
    fs::remove_all(unfinished, error);
    Command command{
        programs_.installer,
        {"--no-defaults", "--datadir=" + unfinished.string(), "--skip-test-db",
         "--tmpdir=" + data_.parent_path().string(), "--auth-root-authentication-method=socket",
         "--auth-root-socket-user=" + system_user(),
         // Without it host names would be looked up, which may take long offline.
         "--force"},
        place_.directory(),
        {}};
    for (auto const& option : small_buffers()) command.arguments.push_back(option);
    // The long form would make the script change the owner of files that belong to the package.
    if (::geteuid() == 0) command.arguments.emplace_back("-uroot");
    Child installer(command, log_);
    if (!installer.await_end(stop_, patience)) throw failure("mariadb-install-db does not end");
    if (installer.status() != 0) throw failure("mariadb-install-db failed");
    fs::rename(unfinished, data_, error);
    if (error) throw failure("cannot make " + data_.string() + ": " + error.message());
}

void DemoMariadb::start(DemoPki const& pki, std::uint16_t port) {
    Command command{
        programs_.server,
        {"--no-defaults", "--datadir=" + data_.string(), socket_option, "--pid-file=mariadb.pid",
         "--tmpdir=" + data_.parent_path().string(), "--bind-address=127.0.0.1",
         "--port=" + std::to_string(port), "--skip-name-resolve", "--skip-log-bin",
         "--ssl-cert=" + pki.server.certificate.string(), "--ssl-key=" + pki.server.key.string(),
         "--ssl-ca=" + pki.client_trust.string()},
        place_.directory(),
        {}};
    for (auto const& option : small_buffers()) command.arguments.push_back(option);
    if (::geteuid() == 0) command.arguments.emplace_back("--user=root");
    server_.emplace(command, log_);
}

Command DemoMariadb::administrator(std::string sql) const {
    return {programs_.client,
            {"--no-defaults", "--protocol=socket", socket_option, "--user=" + system_user()},
            data_,
            std::move(sql)};
}

void DemoMariadb::make_accounts(std::string const& password) {
    auto const command = administrator(account_sql(password));
    auto const end = std::chrono::steady_clock::now() + patience;
    for (;;) {
        auto const done = run(command, stop_, answer_limit);
        if (done.status == 0) return;
        if (server_->await_end(stop_, retry_pause)) throw failure("MariaDB does not start");
        // 2002: nobody listens on the socket yet.
        bool const is_starting = done.errors.starts_with("ERROR 2002");
        if (!is_starting) throw failure("MariaDB refuses the demo's accounts: " + done.errors);
        if (std::chrono::steady_clock::now() > end) throw failure("MariaDB does not answer");
    }
}

void DemoMariadb::await_end() {
    while (!server_->await_end(stop_, patience)) {
    }
}

}  // namespace sallyport::cli
