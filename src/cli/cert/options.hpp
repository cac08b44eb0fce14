// Options that several commands of the group `cert` share, with the names, defaults and environment
// variables that CockroachDB users know.
#pragma once

#include "cli/options.hpp"
#include "pki/certs_directory.hpp"

#include <chrono>
#include <filesystem>
#include <string>

namespace sallyport::cli::cert {

// CockroachDB's: ten and five years of 366 days, "to at least match" years with leap days.
constexpr std::chrono::hours ca_lifetime(87840);
constexpr std::chrono::hours leaf_lifetime(43920);

/// --certs-dir: ${SALLYPORT_CERTS_DIR}, else ${HOME}/.sallyport-certs.
void add_certs_dir(CLI::App& command, std::filesystem::path& certs_dir);

/// --ca-key (or SALLYPORT_CA_KEY, or COCKROACH_CA_KEY) and --ca-key-password-file.
void add_ca_key(CLI::App& command, pki::KeyFile& ca_key);

/// --lifetime: Go's durations ("87840h0m0s"), or days ("365d"). `lifetime` holds the default.
void add_lifetime(CLI::App& command, std::chrono::seconds& lifetime);

/// --overwrite, with what it does for this command.
void add_overwrite(CLI::App& command, bool& overwrite, std::string const& what);

/// --key-type ecdsa|rsa and --key-size: what key_type() makes a pki::KeyType of.
struct KeyOptions {
    std::string type;  ///< empty: rsa where a size is given, else ecdsa
    unsigned size = 0;
};
void add_key_type(CLI::App& command, KeyOptions& options);
pki::Checked<pki::KeyType> key_type(KeyOptions const& options);

/// Opens the directory for writing; says on stderr that it waits where another command works there.
pki::Checked<pki::CertsDirectory> open_to_write(std::filesystem::path const& certs_dir);

/// "2031/11/26", as CockroachDB writes it; UTC.
std::string date_text(pki::Time time);

/// Says a fault on stderr; gives the exit code 1.
int failed(pki::Fault const& fault);

}  // namespace sallyport::cli::cert
