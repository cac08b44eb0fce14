#include "cli/cert/leaf.hpp"

#include "cli/cert/ledger.hpp"
#include "cli/say.hpp"
#include "pki/issuers.hpp"
#include "pki/rotation.hpp"

namespace sallyport::cli::cert {
namespace {

using Files = std::vector<pki::NewFile>;

/// The passwords that protect what is written; empty where there is none.
struct Passwords {
    std::string key;
    std::string pkcs12;
};

pki::Checked<Passwords> read_passwords(LeafOptions const& options) {
    auto const key = pki::read_password(options.key_password_file);
    if (!key) return key.error();
    auto const pkcs12 = pki::read_password(options.pkcs12_password_file);
    if (!pkcs12) return pkcs12.error();
    return Passwords{*key, *pkcs12};
}

pki::Checked<pki::Authority> load_authority(LeafOptions const& options, Leaf const& leaf,
                                            pki::CertsDirectory const& directory) {
    if (options.region.empty())
        return directory.load_authority(leaf.authority_files, options.ca_key);
    if (auto const good = pki::check_place("region", options.region); !good) return good.error();
    auto const file = pki::certs_names::region_ca(options.region);
    if (!directory.has(file))
        return pki::Fault{
            Errc::file_unreadable,
            "the region " + options.region + " has no CA in " + directory.path().string(),
            "sallyport cert create-intermediate " + options.region + " makes it"};
    return directory.load_authority({file}, pki::region_key(options.ca_key, options.region));
}

/// All files of a leaf, the pair first.
Files files_for(LeafOptions const& options, Leaf const& leaf, pki::Credential const& credential,
                pki::Authority const& authority, Passwords const& passwords) {
    auto files = pki::files_of(leaf.stem, credential, passwords.key);
    if (options.pkcs8)
        files.push_back({leaf.stem + ".key.pk8", credential.key.to_pkcs8(passwords.key), true});
    if (!options.pkcs12_password_file.empty())
        files.push_back({leaf.stem + ".p12",
                         pki::to_pkcs12(credential, authority.certificate(), leaf.common_name,
                                        passwords.pkcs12),
                         true});
    return files;
}

}  // namespace

void add_leaf_options(CLI::App& command, LeafOptions& options) {
    add_certs_dir(command, options.certs_dir);
    add_ca_key(command, options.ca_key);
    add_key_type(command, options.key);
    add_lifetime(command, options.lifetime);
    command
        .add_option("--key-password-file", options.key_password_file,
                    "encrypt the key with the first line of this file")
        ->type_name("FILE");
    command
        .add_option("--pkcs12", options.pkcs12_password_file,
                    "write a .p12 for Java and Windows too; the file's first line is its password")
        ->type_name("PASSWORD_FILE");
    command.add_flag("--also-generate-pkcs8-key", options.pkcs8,
                     "write the key as .key.pk8 (DER) too, for Java");
    command
        .add_option("--crl-url", options.crl_url,
                    "where clients find the revocation list of the CA (none)")
        ->type_name("URL");
    add_overwrite(command, options.overwrite, "replace the files that are there");
}

pki::Checked<void> issue(LeafOptions const& options, Leaf const& leaf) {
    auto const type = key_type(options.key);
    if (!type) return type.error();
    if (auto const good = pki::check_crl_url(options.crl_url); !good) return good.error();
    auto const passwords = read_passwords(options);
    if (!passwords) return passwords.error();
    // What is not there yet is not made: without a CA in it there is nothing to do.
    if (auto const there = pki::CertsDirectory::open(options.certs_dir); !there)
        return there.error();
    auto const directory = open_to_write(options.certs_dir);
    if (!directory) return directory.error();
    auto const authority = load_authority(options, leaf, *directory);
    if (!authority) return authority.error();
    auto const fits = pki::check_lifetime(authority->certificate(), options.lifetime);
    if (!fits) return fits.error();

    auto credential = authority->issue(
        {leaf.common_name, leaf.names, leaf.purpose, options.lifetime, *type, options.crl_url});
    // Clients have the root: who is below an intermediate sends it along.
    if (!options.region.empty()) credential.chain.push_back(authority->certificate());
    auto const link = pki::cross_link(*directory, credential.chain.back());
    if (!link) return link.error();
    if (*link) credential.chain.push_back(**link);
    auto const& certificate = credential.chain.front();
    auto const enter = [&] { return record(*directory, certificate, leaf.kind); };
    auto const written = directory->write(
        files_for(options, leaf, credential, *authority, *passwords), options.overwrite, enter);
    if (!written) return written.error();
    tell_of(directory->file(leaf.stem + ".crt"), certificate);
    return {};
}

}  // namespace sallyport::cli::cert
