#include "cli/demo/guide.hpp"

#include "cli/demo/mariadb.hpp"
#include "cli/say.hpp"

#include <string_view>

namespace sallyport::cli {
namespace {

/// A command over several lines, each of which the shell joins to the next.
void print_command(std::vector<std::string> const& arguments) {
    constexpr std::size_t width = 88;
    std::string line = "  mariadb";
    for (auto const& argument : arguments) {
        auto const quoted = shell_quoted(argument);
        if (line.size() + 1 + quoted.size() > width) {
            out(line + " \\");
            line = "     ";
        }
        line += " " + quoted;
    }
    out(line + " " + std::string(demo_accounts::database));
}

}  // namespace

std::string shell_quoted(std::string const& argument) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+./:,@%";
    if (argument.find_first_not_of(plain) == std::string::npos) return argument;
    std::string quoted = "'";
    for (char const letter : argument)
        quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return quoted + "'";
}

void print_demo_guide(DemoPlace const& place, DemoDoor const& door, DemoPorts ports) {
    auto const file = [&](std::string_view name) { return place.file(name).string(); };
    out("");
    out("The door is open at 127.0.0.1:" + std::to_string(ports.door) + ".");
    out("");
    out("With a password, which is in " + file("password") + ":");
    out("");
    print_command(as_password_account(door));
    out("");
    out("With a client certificate instead:");
    out("");
    print_command(as_certificate_account(door));
    out("");
    out("Ask the database what it sees of you: SHOW SESSION STATUS LIKE 'Ssl_%';");
    out("The same without the door in between: --port=" + std::to_string(ports.database));
    out("");
    out("  settings         " + file(demo_files::config));
    out("  clients trust    " + door.pki.ca.string());
    out("  MariaDB's log    " + file("mariadb.log"));
    out("");
    out("Ctrl-C ends it all; everything is kept for the next run.");
}

}  // namespace sallyport::cli
