#include "cli/demo/guide.hpp"

#include "cli/say.hpp"

namespace sallyport::cli {

void print_demo_guide(DemoPlace const& place, DemoPki const& pki,
                      std::vector<DemoClient> const& clients) {
    auto const file = [&](std::string_view name) { return place.file(name).string(); };
    for (auto const& client : clients) {
        auto const port = std::to_string(client.ports.door);
        out("");
        out("The door to " + client.database + " is open at 127.0.0.1:" + port + ".");
        out("");
        out("With a password:");
        out("");
        out(client.with_password);
        out("");
        out("With a client certificate instead:");
        out("");
        out(client.with_certificate);
        out("");
        out("Ask it what it sees of you: " + client.look);
        out("The same without the door in between: " + client.directly);
    }
    out("");
    out("  settings         " + file(demo_files::config));
    out("  clients trust    " + pki.ca.string());
    out("  app's password   " + file(demo_files::password));
    out("  databases' logs  " + file("*.log"));
    out("");
    out("Ctrl-C ends it all; everything is kept for the next run.");
}

}  // namespace sallyport::cli
