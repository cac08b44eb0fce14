#include "cli/demo/postgres.hpp"

#include "cli/demo/failure.hpp"
#include "cli/demo/programs.hpp"
#include "cli/demo/user.hpp"
#include "pki/files.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>

namespace sallyport::cli {
namespace {

namespace fs = std::filesystem;

/// Paths are relative to the data directory, which is below this file's.
constexpr std::string_view settings =
    R"(# Written by `sallyport demo`, anew at each run.
listen_addresses = '127.0.0.1'
unix_socket_directories = '.'       # for the one who starts the demo

# A certificate of its own, under a CA of its own: the door has others.
ssl = on
ssl_cert_file = '../server.crt'
ssl_key_file = '../server.key'
# Who may vouch for clients: their CA, for those who come directly, and the gateway's mirror CA.
ssl_ca_file = '../clients.crt'
password_encryption = 'scram-sha-256'

# Nothing of what a large server needs: it starts faster, and fits beside other work.
shared_buffers = 16MB
dynamic_shared_memory_type = mmap   # leaves nothing in /dev/shm when it is killed
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
)";

/// The first line that fits a connection decides. None fits plain text.
constexpr std::string_view access_rules =
    R"(# Written by `sallyport demo`, anew at each run.
# type   database  user            address       method
local    all       all                           peer
hostssl  demo      app             127.0.0.1/32  scram-sha-256
hostssl  demo      cert            127.0.0.1/32  cert
hostssl  postgres  sallyport_auth  127.0.0.1/32  scram-sha-256
)";

/// The function hands out verifiers to the one account that may call it, which has no other right:
/// so the gateway needs no superuser's password. \gexec runs the text that the query makes.
std::string account_sql(std::string const& password, std::string const& lookup_password) {
    return R"(SELECT 'CREATE DATABASE demo'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'demo') \gexec
SELECT 'CREATE ROLE ' || name || ' LOGIN' FROM unnest(ARRAY['app', 'cert', 'sallyport_auth']) name
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE app PASSWORD ')" +
           password + R"(';
ALTER ROLE sallyport_auth PASSWORD ')" +
           lookup_password + R"(';
CREATE OR REPLACE FUNCTION user_lookup(wanted text, OUT rolname name, OUT rolpassword text)
    RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
        SELECT rolname, rolpassword FROM pg_authid
            WHERE rolname = wanted AND rolcanlogin AND NOT rolsuper $$;
REVOKE ALL ON FUNCTION user_lookup FROM PUBLIC;
GRANT EXECUTE ON FUNCTION user_lookup TO sallyport_auth;
GRANT ALL ON DATABASE demo TO app, cert;
\connect demo
GRANT ALL ON SCHEMA public TO app, cert;
)";
}

bool has_all(fs::path const& directory) {
    return std::ranges::all_of(std::array{"postgres", "initdb", "psql"},
                               [&](auto const* name) { return has_program(directory, name); });
}

/// Where Debian keeps each version's programs: /usr/lib/postgresql/15/bin.
std::vector<fs::path> version_directories() {
    fs::path const parent = "/usr/lib/postgresql";
    std::vector<int> versions;
    std::error_code error;
    for (auto const& entry : fs::directory_iterator(parent, error))
        versions.push_back(std::atoi(entry.path().filename().c_str()));
    std::ranges::sort(versions, std::greater());
    std::vector<fs::path> directories;
    for (int const version : versions)
        directories.push_back(parent / std::to_string(version) / "bin");
    return directories;
}

/// What it may read is beside its data and not in there, where we would have to write as root in
/// another user's directory.
void provide(DemoPlace const& place, DemoPki const& pki, std::uint16_t port,
             std::optional<UserId> const& user) {
    auto const put = [&](std::string const& name, std::string const& content) {
        place.write_public("postgres/" + name, content);
    };
    put("postgresql.conf", std::string(settings) + "port = " + std::to_string(port) + "\n");
    put("pg_hba.conf", std::string(access_rules));
    auto const trust = pki::read_file(pki.client_trust);
    if (!trust) throw DemoFailure("cannot read " + pki.client_trust.string());
    put("clients.crt", *trust);
    if (!user) return;
    let_in(*user, place.file("postgres"));
    let_in(*user, pki.postgres.key);
}

}  // namespace

PostgresPrograms find_postgres() {
    auto directories = version_directories();
    std::ranges::copy(program_directories(), std::back_inserter(directories));
    auto const found = std::ranges::find_if(directories, has_all);
    if (found == directories.end())
        throw DemoFailure(
            "there is no postgres with initdb and psql in /usr/lib/postgresql or PATH",
            "apt-get install postgresql-15 postgresql-client-15");
    return {*found / "postgres", *found / "initdb", *found / "psql"};
}

DemoRecipe postgres_recipe(DemoPlace const& place, PostgresPrograms const& programs,
                           DemoPki const& pki, std::uint16_t port) {
    auto const user = server_user();
    provide(place, pki, port, user);
    auto const directory = place.file("postgres");
    std::string const held = held_directory;
    // Not where we are: it must be able to come back to where it started.
    fs::path const root = "/";

    DemoRecipe recipe;
    recipe.name = "PostgreSQL";
    recipe.data = directory / "data";
    recipe.log = place.file("postgres.log");
    recipe.version = {programs.server, {"--version"}};
    recipe.before_version = "(PostgreSQL)";
    recipe.installer = {
        programs.installer,
        {"--pgdata=" + unfinished(held + "/data").string(), "--username=" + own_name(),
         "--auth-local=peer", "--auth-host=reject", "--encoding=UTF8", "--no-locale", "--no-sync"},
        root,
        {},
        user,
        directory};
    recipe.lock = "postmaster.pid";
    // SIGTERM would let it wait for whoever is connected.
    recipe.server = {programs.server,
                     {"-D", held + "/data", "-c", "config_file=" + held + "/postgresql.conf", "-c",
                      "hba_file=" + held + "/pg_hba.conf"},
                     root,
                     {},
                     user,
                     directory,
                     SIGINT};
    // The path of a Unix socket may have 107 characters only, and libpq wants all of it.
    recipe.administrator = {
        programs.client,
        {"-X", "-w", "-q", "-v", "ON_ERROR_STOP=1",
         "host=/proc/self/cwd port=" + std::to_string(port) + " dbname=postgres"},
        recipe.data,
        account_sql(place.keep_password(demo_files::password),
                    place.keep_password(demo_files::lookup_password))};
    recipe.early = {"No such file", "Connection refused", "starting up", "not yet accepting"};
    return recipe;
}

}  // namespace sallyport::cli
