// A private database of the demo: its own data directory, a Unix socket in it, a port of 127.0.0.1,
// no settings of this machine, and nothing shared with a server that it may run already. How a
// product is installed, started and told its accounts is a recipe (mariadb.cpp, postgres.cpp); that
// it is done in the same order for each is here.
#pragma once

#include "cli/demo/child.hpp"
#include "cli/demo/failure.hpp"
#include "cli/demo/place.hpp"

#include <optional>

namespace sallyport::cli {

/// The accounts that each has, all for 127.0.0.1 only, where the gateway comes from.
namespace demo_accounts {
inline constexpr std::string_view database = "demo";
inline constexpr std::string_view with_password = "app";      ///< in TLS only
inline constexpr std::string_view with_certificate = "cert";  ///< no password
}  // namespace demo_accounts

struct DemoRecipe {
    std::string name;            ///< "MariaDB"
    std::filesystem::path data;  ///< its data directory, which the installer makes
    std::filesystem::path log;   ///< what it says, anew at each run
    Command version;             ///< prints its version...
    std::string before_version;  ///< ...after this word
    Command installer;           ///< fills `unfinished(data)`, which is there, and empty
    /// The server's own file against a second one on the same data, relative to them; empty: none.
    std::filesystem::path lock;
    Command server;                  ///< runs until it is told to end
    Command administrator;           ///< makes the accounts, or brings them up to date
    std::vector<std::string> early;  ///< what the administrator is told while the server starts
};

/// Where a data directory is filled before it takes its name: half-filled ones are never used.
std::filesystem::path unfinished(std::filesystem::path const& data);

class DemoDatabase {
 public:
    /// `port` is the one that the recipe's server will take.
    DemoDatabase(DemoPlace const& place, DemoRecipe recipe, DemoPort port, StopSignals const& stop);

    /// The following are one step after the other. Each throws DemoFailure or Stopped, and says
    /// what it does. Where there is no data directory yet, installing begins; the next step waits
    /// for its end.
    void install();
    void start();
    /// Waits until it answers.
    void make_accounts();

    /// Becomes readable when it has ended, which it should not.
    int descriptor() const { return server_->descriptor(); }
    /// That it has ended.
    DemoFailure end() const;

 private:
    DemoFailure failure(std::string const& what) const;
    std::string version() const;
    void finish_installing();

    DemoPlace const& place_;
    DemoRecipe recipe_;
    DemoPort port_;
    StopSignals const& stop_;
    std::optional<Child> installer_;
    std::optional<Child> server_;
};

}  // namespace sallyport::cli
