// The demo's private PostgreSQL: TLS only, with a certificate and a CA of its own, so that the
// door's and the database's certificates differ as they do in life. Its administrator is the one
// who starts the demo; as root, it runs as another user, who gets to see nothing but its directory.
#pragma once

#include "cli/demo/client.hpp"
#include "cli/demo/database.hpp"
#include "cli/demo/pki.hpp"

namespace sallyport::cli {

/// The account with which the gateway asks for SCRAM verifiers.
inline constexpr std::string_view lookup_account = "sallyport_auth";

struct PostgresPrograms {
    std::filesystem::path server;
    std::filesystem::path installer;
    std::filesystem::path client;
};

/// Looks in Debian's directories, the newest version first, then in PATH. Throws DemoFailure.
PostgresPrograms find_postgres();

/// Writes its settings, and gives it what it needs of the certificates. Throws DemoFailure.
DemoRecipe postgres_recipe(DemoPlace const& place, PostgresPrograms const& programs,
                           DemoPki const& pki, std::uint16_t port);

/// Writes the password file with app's password, too.
DemoClient postgres_client(DemoPlace const& place, PostgresPrograms const& programs,
                           DemoPki const& pki, DemoPorts ports);

}  // namespace sallyport::cli
