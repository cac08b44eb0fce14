// What is in a certificates directory, and what is wrong with it: by CockroachDB's rules, which
// every file must satisfy that one of its nodes is to take, and in its words.
#pragma once

#include "pki/certificate.hpp"
#include "pki/fault.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// What a file is for, as its name says. In the order in which they are listed.
enum class FileUsage { ca, client_ca, ui_ca, tenant_client_ca, node, ui, client, tenant_client };

/// As CockroachDB calls it: "CA", "Client CA", "Node", "Client".
std::string_view name(FileUsage usage);

struct ListedFile {
    FileUsage usage = FileUsage::ca;
    std::string file;      ///< its name, without the directory
    std::string key_file;  ///< likewise; empty for CAs, and where it cannot be used
    std::string user;      ///< of a client, as the file's name says
    /// All of the file; empty where it cannot be read. A pair's first one is the leaf.
    std::vector<Certificate> certificates;
    std::string error;     ///< empty: CockroachDB takes it
    std::string rejected;  ///< why nobody accepts it all the same: expired, revoked, orphaned
};

struct CertsListing {
    std::vector<ListedFile> files;      ///< by usage, then by name
    std::vector<std::string> warnings;  ///< files that were passed over, and why
};

/// Every *.crt of the directory; sub-directories are passed over. An operator's directory may hold
/// what it likes: nothing in it makes this fail, but that it cannot be read at all.
Checked<CertsListing> list_certificates(std::filesystem::path const& directory);

}  // namespace sallyport::pki
