// `sallyport demo`: a private MariaDB and a private PostgreSQL, the gateway in front of both, the
// proof that all of it works, and how to connect. This file is the story; what it tells of is in
// demo/.
#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/demo/gateway.hpp"
#include "cli/demo/guide.hpp"
#include "cli/demo/mariadb.hpp"
#include "cli/demo/postgres.hpp"
#include "cli/demo/proof.hpp"
#include "cli/say.hpp"
#include "pki/files.hpp"

#include <array>
#include <deque>
#include <iostream>
#include <sstream>
#include <sys/stat.h>

namespace sallyport::cli {
namespace {

constexpr std::uint16_t usual_mysql_port = 3306;
constexpr std::uint16_t usual_postgres_port = 5432;
/// Of a child's log, when it failed: its error is among the last ones.
constexpr std::size_t lines_to_show = 15;

void show_end(path const& log) {
    auto const text = pki::read_file(log);
    if (!text) return;
    std::deque<std::string> last;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        last.push_back(line);
        if (last.size() > lines_to_show) last.pop_front();
    }
    if (!last.empty()) note("the end of " + log.string() + ":");
    for (auto const& line : last) std::cerr << "  | " << line << std::endl;
}

using Databases = std::array<DemoDatabase, 2>;

/// Each step is begun for both before the next: what takes long goes on side by side.
void bring_up(Databases& databases) {
    for (auto& database : databases) database.install();
    for (auto& database : databases) database.start();
    for (auto& database : databases) database.make_accounts();
}

/// Until Ctrl-C. Ends earlier, and badly, where a database does.
void stay(Databases const& databases, StopSignals const& stop) {
    try {
        auto const ended = stop.await_any({databases[0].descriptor(), databases[1].descriptor()});
        throw databases[ended].end();
    } catch (Stopped const&) {
        progress("stopping");
    }
}

void tell(DemoPlace const& place, DemoOptions const& options, StopSignals const& stop) {
    auto const mariadb = find_mariadb();
    auto const postgres = find_postgres();
    progress("everything is in " + place.directory().string());

    auto mysql_door = DemoPort::from(usual_mysql_port);
    auto postgres_door = DemoPort::from(usual_postgres_port);
    auto mariadb_port = DemoPort::any();
    auto postgres_port = DemoPort::any();
    DemoPorts const mariadb_ports{mysql_door.number(), mariadb_port.number()};
    DemoPorts const postgres_ports{postgres_door.number(), postgres_port.number()};

    progress("certificates: server (auto-tls), PostgreSQL's own, client CA, client");
    auto const pki = make_demo_pki(place, std::string(demo_accounts::with_certificate));
    write_demo_config(place, mariadb_ports, postgres_ports);
    trust_clients(place, pki);

    Databases databases{
        DemoDatabase(place, mariadb_recipe(place, mariadb, pki, mariadb_ports.database),
                     std::move(mariadb_port), stop),
        DemoDatabase(place, postgres_recipe(place, postgres, pki, postgres_ports.database),
                     std::move(postgres_port), stop)};
    bring_up(databases);
    progress("accounts: app (password, TLS only), cert (client certificate)");

    progress("the gateway starts, on 127.0.0.1:" + std::to_string(mariadb_ports.door) +
             " and :" + std::to_string(postgres_ports.door));
    mysql_door.release();
    postgres_door.release();
    DemoGateway const gateway(place.file(demo_files::config));

    progress("clients try the doors");
    std::vector const clients{mariadb_client(place, mariadb, pki, mariadb_ports),
                              postgres_client(place, postgres, pki, postgres_ports)};
    for (auto const& client : clients) prove(client, stop);
    progress("it works: verified, mirrored, and refused where it must be");
    if (options.once) return;
    print_demo_guide(place, pki, clients);
    stay(databases, stop);
}

}  // namespace

int demo(DemoOptions const& options) {
    // What is made here, by us and by our children, is for this user only.
    ::umask(077);
    log::set_level("warn");
    StopSignals const stop;
    try {
        DemoPlace const place(options.directory);
        tell(place, options, stop);
        progress("stopped; " + place.directory().string() + " is kept");
        return 0;
    } catch (Stopped const&) {
        error("stopped before it was done");
    } catch (DemoFailure const& failure) {
        if (!failure.log.empty()) show_end(failure.log);
        error(failure.what(), failure.hint);
    }
    return 1;
}

}  // namespace sallyport::cli
