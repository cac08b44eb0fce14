// What create-node and create-client share: the options of a leaf, and how it is issued, entered in
// the ledger and written.
#pragma once

#include "cli/cert/options.hpp"
#include "pki/leaf_rules.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::cli::cert {

struct LeafOptions {
    std::filesystem::path certs_dir;
    pki::KeyFile ca_key;
    KeyOptions key;
    std::chrono::seconds lifetime = leaf_lifetime;
    std::string crl_url;
    std::filesystem::path key_password_file;     ///< empty: the key is not encrypted
    std::filesystem::path pkcs12_password_file;  ///< empty: no .p12
    bool pkcs8 = false;
    bool overwrite = false;
};

void add_leaf_options(CLI::App& command, LeafOptions& options);

/// Whose certificate it is to be.
struct Leaf {
    std::string stem;                               ///< of its files
    std::string_view kind;                          ///< in the ledger
    std::vector<std::string_view> authority_files;  ///< where the CA of --ca-key may stand
    std::string common_name;
    std::vector<std::string> names;
    pki::Purpose purpose = pki::Purpose::client;
};

/// Issues it with the CA that --ca-key belongs to, and writes its files, all or none.
pki::Checked<void> issue(LeafOptions const& options, Leaf const& leaf);

}  // namespace sallyport::cli::cert
