// The demo's private MariaDB. Its administrator's account is for the one who starts the demo.
#pragma once

#include "cli/demo/client.hpp"
#include "cli/demo/database.hpp"
#include "cli/demo/pki.hpp"

namespace sallyport::cli {

struct MariadbPrograms {
    std::filesystem::path server;
    std::filesystem::path installer;
    std::filesystem::path client;
};

/// Looks in PATH and /usr/sbin. Throws DemoFailure where one is missing.
MariadbPrograms find_mariadb();

DemoRecipe mariadb_recipe(DemoPlace const& place, MariadbPrograms const& programs,
                          DemoPki const& pki, std::uint16_t port);

/// Writes the option file with app's password, too.
DemoClient mariadb_client(DemoPlace const& place, MariadbPrograms const& programs,
                          DemoPki const& pki, DemoPorts ports);

}  // namespace sallyport::cli
