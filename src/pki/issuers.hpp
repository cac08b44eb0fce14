// The CAs of a certificates directory: those at its top, and the intermediates of its regions. And
// the names of what belongs to each: its certificates, its key, its revocation list.
//
// Regions have a sub-directory, because CockroachDB takes no file `ca-REGION.crt` beside its own.
// A partition is a directory like this one, below `partitions`, with a root and a ledger of its
// own: nothing in it is signed by the root outside.
#pragma once

#include "pki/certs_directory.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

namespace certs_names {
inline constexpr std::string_view regions = "regions";
inline constexpr std::string_view partitions = "partitions";

std::string region_ca(std::string_view region);  ///< "regions/ca-REGION.crt"
/// The list of a CA whose certificates are in `certificates_file`: "ca.crl", "ca-client.crl",
/// "REGION.crl".
std::string list_of(std::string_view certificates_file);
}  // namespace certs_names

/// A region's or a partition's name: part of file names, of a CA's name and of an address of HTTP.
/// Lower-case letters, digits and single hyphens, at most 32; not the name of another file.
Checked<void> check_place(std::string_view what, std::string_view name);

/// The regions that have an intermediate, and the partitions, each in alphabetical order.
std::vector<std::string> regions_of(std::filesystem::path const& certs_dir);
std::vector<std::string> partitions_of(std::filesystem::path const& certs_dir);
std::filesystem::path partition_dir(std::filesystem::path const& certs_dir,
                                    std::string_view partition);
/// The partition that this directory is; empty for one that is none.
std::string partition_name(std::filesystem::path const& certs_dir);

/// One CA certificate of a directory.
struct Issuer {
    Certificate certificate;
    std::string file;    ///< of its certificates, as CertsDirectory names it
    std::string region;  ///< empty: not an intermediate of a region
};

/// All of them; those of one file in its order, which begins with the one in use.
Checked<std::vector<Issuer>> issuers_of(CertsDirectory const& directory);

/// The key of a region's CA: `ca-REGION.key` beside the given one, where there is such a file; else
/// the given one itself.
KeyFile region_key(KeyFile const& given, std::string_view region);

/// The key of an issuer: the given one where it fits the certificate, else that of its region. A
/// fault where neither does.
Checked<Key> key_of(Issuer const& issuer, KeyFile const& given);

/// The issuer with its key. A fault where the key is another's, or the CA has expired.
Checked<Authority> open_issuer(Issuer const& issuer, KeyFile const& given, Time now);

}  // namespace sallyport::pki
