// The demo's private MariaDB: its own data directory, a Unix socket in it, a port of 127.0.0.1, no
// option files, and nothing shared with a MariaDB that this machine may run already.
#pragma once

#include "cli/demo/child.hpp"
#include "cli/demo/failure.hpp"
#include "cli/demo/pki.hpp"

#include <optional>

namespace sallyport::cli {

/// The accounts that it has, all for 127.0.0.1 only, where the gateway comes from.
namespace demo_accounts {
inline constexpr std::string_view database = "demo";
inline constexpr std::string_view with_password = "app";      ///< REQUIRE SSL
inline constexpr std::string_view with_certificate = "cert";  ///< REQUIRE X509, no password
}  // namespace demo_accounts

struct MariadbPrograms {
    std::filesystem::path server;
    std::filesystem::path installer;
    std::filesystem::path client;
};

/// Looks in PATH and /usr/sbin. Throws DemoFailure where one is missing.
MariadbPrograms find_mariadb();

class DemoMariadb {
 public:
    DemoMariadb(DemoPlace const& place, MariadbPrograms programs, StopSignals const& stop);

    /// "10.11.19-MariaDB": what will be started.
    std::string version() const;
    /// Writes the system tables where there are none yet. Half-written ones are never taken.
    bool is_installed() const;
    void install();
    void start(DemoPki const& pki, std::uint16_t port);
    /// Waits until it answers, and brings accounts and passwords up to date.
    void make_accounts(std::string const& password);
    /// Returns when it has ended, which it should not. Throws Stopped.
    void await_end();

    std::filesystem::path const& log() const { return log_; }

 private:
    Command administrator(std::string sql) const;
    DemoFailure failure(std::string const& what) const;

    DemoPlace const& place_;
    MariadbPrograms programs_;
    StopSignals const& stop_;
    std::filesystem::path data_;
    std::filesystem::path log_;
    std::optional<Child> server_;
};

}  // namespace sallyport::cli
