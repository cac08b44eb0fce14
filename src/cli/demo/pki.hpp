// The demo's certificates. What the gateway serves is auto-tls's, as for everybody; the demo adds
// an authority for clients with one certificate of it, as an operator would bring them, and one for
// PostgreSQL's server certificate, as a database has its own.
#pragma once

#include "cli/demo/place.hpp"
#include "pki/pair.hpp"

namespace sallyport::cli {

struct DemoPki {
    std::filesystem::path ca;  ///< what clients trust: auto-tls's CA
    pki::PairFiles server;     ///< auto-tls's certificate, which MariaDB shows too
    std::filesystem::path client_ca;
    pki::PairFiles client;
    std::filesystem::path client_trust;  ///< what databases trust for clients: trust_clients
    std::filesystem::path postgres_ca;
    pki::PairFiles postgres;  ///< what PostgreSQL shows
};

/// Where things are kept, relative to the demo's directory: the configuration names these too.
namespace demo_files {
inline constexpr std::string_view config = "sallyport.toml";
inline constexpr std::string_view data = "data";
inline constexpr std::string_view ca = "data/auto-tls/ca.crt";
inline constexpr std::string_view client_ca = "client-ca.crt";
inline constexpr std::string_view postgres_ca = "postgres-ca.crt";
inline constexpr std::string_view password = "password";                ///< app's
inline constexpr std::string_view lookup_password = "lookup-password";  ///< sallyport_auth's
}  // namespace demo_files

/// Makes what is missing or near its end, and keeps the rest. Throws DemoFailure.
DemoPki make_demo_pki(DemoPlace const& place, std::string const& client_name);

/// Writes the file that databases trust for clients: the client CA itself and what
/// `sallyport mirror-ca` prints for the configuration, which must be there. Throws DemoFailure.
void trust_clients(DemoPlace const& place, DemoPki const& pki);

}  // namespace sallyport::cli
