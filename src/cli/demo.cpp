// `sallyport demo`: a private MariaDB, the gateway in front of it, the proof that both work, and
// how to connect. This file is the story; what it tells of is in demo/.
#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/demo/failure.hpp"
#include "cli/demo/guide.hpp"
#include "cli/demo/mariadb.hpp"
#include "cli/say.hpp"
#include "pki/files.hpp"

#include <deque>
#include <iostream>
#include <sstream>
#include <sys/stat.h>

namespace sallyport::cli {
namespace {

constexpr std::uint16_t usual_port = 3306;
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

/// Until Ctrl-C. Ends earlier, and badly, where the database does.
void stay(DemoMariadb& database) {
    try {
        database.await_end();
    } catch (Stopped const&) {
        progress("stopping");
        return;
    }
    throw DemoFailure("MariaDB has ended", {}, database.log());
}

void tell(DemoPlace const& place, DemoOptions const& options, StopSignals const& stop) {
    auto const programs = find_mariadb();
    DemoMariadb database(place, programs, stop);
    progress("MariaDB " + database.version() + ", everything in " + place.directory().string());

    progress("certificates: server (auto-tls), client CA, client");
    auto door_port = DemoPort::from(usual_port);
    auto database_port = DemoPort::any();
    DemoPorts const ports{door_port.number(), database_port.number()};
    DemoDoor const door{ports.door,
                        make_demo_pki(place, std::string(demo_accounts::with_certificate)),
                        place.file("app.cnf")};
    write_demo_config(place, ports);
    trust_clients(place, door.pki);

    if (!database.is_installed()) {
        progress("a new database, in " + place.file("mariadb").string());
        database.install();
    }
    progress("MariaDB starts, on 127.0.0.1:" + std::to_string(ports.database));
    database_port.release();
    database.start(door.pki, ports.database);
    auto const password = place.keep_password("password");
    place.write_private("app.cnf", "[client]\npassword=" + password + "\n");
    database.make_accounts(password);
    progress("accounts: app (password, REQUIRE SSL), cert (REQUIRE X509)");

    progress("the gateway starts, on 127.0.0.1:" + std::to_string(ports.door));
    door_port.release();
    DemoGateway const gateway(place.file(demo_files::config));

    progress("clients try the door");
    prove(door, programs.client, stop);
    progress("it works: verified, mirrored, and refused where it must be");
    if (options.once) return;
    print_demo_guide(place, door, ports);
    stay(database);
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
