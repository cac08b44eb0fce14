// The proof that the demo works: the stock client goes through the door in the ways that must work
// and in those that must not, and what it found is compared with what the database saw.
#pragma once

#include "cli/demo/child.hpp"
#include "cli/demo/pki.hpp"

#include <cstdint>

namespace sallyport::cli {

/// What a client of the demo needs to know.
struct DemoDoor {
    std::uint16_t port = 0;
    DemoPki pki;
    std::filesystem::path password_options;  ///< an option file (0600) with the password in it
};

/// The arguments of the `mariadb` client for either account, verified TLS included: the proof runs
/// them, and the guide prints them.
std::vector<std::string> as_password_account(DemoDoor const& door);
std::vector<std::string> as_certificate_account(DemoDoor const& door);

/// Visits the door in every way and says one line for each. Throws DemoFailure for the first that
/// does not end as it must.
void prove(DemoDoor const& door, std::filesystem::path const& client, StopSignals const& stop);

}  // namespace sallyport::cli
