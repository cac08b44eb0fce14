// `sallyport cert create-ca` and `create-client-ca`: a new CA, or a new one before the old in the
// same file, from which clients learn to trust both.
#include "cli/cert/commands.hpp"
#include "cli/cert/ledger.hpp"
#include "cli/cert/options.hpp"
#include "pki/files.hpp"
#include "pki/issuers.hpp"

namespace sallyport::cli::cert {
namespace {

namespace fs = std::filesystem;

struct CreateCa {
    std::string file_name;  ///< in the directory
    std::string common_name;
    std::string_view kind;  ///< in the ledger
    fs::path certs_dir;
    pki::KeyFile ca_key;
    KeyOptions key;
    std::chrono::seconds lifetime = ca_lifetime;
    bool overwrite = false;
    bool allow_key_reuse = false;
};

/// The CA's key: one that is there, or a new one.
struct OwnKey {
    pki::Key key;
    std::string new_text;  ///< to be written; empty: it is there already
};

pki::Checked<OwnKey> own_key(CreateCa const& options, pki::KeyType type) {
    auto const& file = options.ca_key.file;
    std::error_code error;
    if (fs::exists(fs::symlink_status(file, error))) {
        if (!options.allow_key_reuse)
            return pki::Fault{Errc::file_invalid,
                              "CA key " + file.string() + " exists, but key reuse is disabled",
                              "name another with --ca-key, or use this one for the new CA with "
                              "--allow-ca-key-reuse"};
        auto const key = pki::load_key(options.ca_key);
        if (!key) return key.error();
        return OwnKey{*key, {}};
    }
    auto const password = pki::read_password(options.ca_key.password_file);
    if (!password) return password.error();
    auto const key = pki::Key::generate(type);
    return OwnKey{key, key.to_pem(*password)};
}

/// Never over a key that is there. Its directory is made where it is missing, for the owner alone.
pki::Checked<void> write_key(fs::path const& file, std::string const& text) {
    auto const parent = file.parent_path();
    if (!parent.empty() && !pki::make_private_directory(parent))
        return pki::system_fault("make the directory", parent.string(), pki::last_system_error());
    if (auto const reason = pki::write_whole(file, text, pki::private_mode, pki::Existing::kept))
        return pki::system_fault("write the CA key", file.string(), reason);
    return {};
}

/// The certificates that the file has now: they stay in it, behind the new one.
pki::Checked<std::vector<pki::Certificate>> known(CreateCa const& options,
                                                  pki::CertsDirectory const& directory) {
    if (!directory.has(options.file_name)) return std::vector<pki::Certificate>();
    if (options.overwrite) return directory.read_certificates(options.file_name);
    return pki::Fault{Errc::file_invalid,
                      "file " + directory.file(options.file_name).string() + " already exists",
                      "--overwrite puts the new CA before the one that is there"};
}

/// Roots of two partitions are never taken for each other, not even by their names.
std::string common_name(CreateCa const& options) {
    auto const partition = pki::partition_name(options.certs_dir);
    return partition.empty() ? options.common_name : options.common_name + " " + partition;
}

pki::Checked<void> make(CreateCa const& options) {
    auto const type = key_type(options.key);
    if (!type) return type.error();
    auto const directory = open_to_write(options.certs_dir);
    if (!directory) return directory.error();
    auto certificates = known(options, *directory);
    if (!certificates) return certificates.error();
    auto const key = own_key(options, *type);
    if (!key) return key.error();

    auto const ca = pki::Authority::create(common_name(options), options.lifetime, key->key);
    certificates->insert(certificates->begin(), ca.certificate());
    // The key is on the disk before the certificate can be seen: what a crash leaves in between is
    // a key that nobody trusts yet, never a trusted CA without its key.
    auto const before_commit = [&]() -> pki::Checked<void> {
        bool const is_new = !key->new_text.empty();
        if (is_new)
            if (auto const kept = write_key(options.ca_key.file, key->new_text); !kept) return kept;
        auto entered = record(*directory, ca.certificate(), options.kind);
        // Nothing was signed with it that anybody has.
        std::error_code ignored;
        if (!entered && is_new) fs::remove(options.ca_key.file, ignored);
        return entered;
    };
    constexpr bool replace = true;
    auto const written =
        directory->write({{options.file_name, pki::to_pem(*certificates)}}, replace, before_commit);
    if (!written) return written.error();
    tell_of(directory->file(options.file_name), ca.certificate());
    return {};
}

int create_ca(CreateCa const& options) {
    auto const made = make(options);
    return made ? 0 : failed(made.error());
}

void add(CLI::App& command, Action& action, std::string_view kind, std::string_view file_name,
         std::string common_name) {
    auto const options = std::make_shared<CreateCa>();
    options->kind = kind;
    options->file_name = file_name;
    options->common_name = std::move(common_name);
    add_certs_dir(command, options->certs_dir);
    add_ca_key(command, options->ca_key);
    add_key_type(command, options->key);
    add_lifetime(command, options->lifetime);
    add_overwrite(command, options->overwrite, "put the new CA before those that are there");
    command.add_flag("--allow-ca-key-reuse", options->allow_key_reuse,
                     "use the CA key where it is there already");
    on_chosen(command, action, options, create_ca);
}

}  // namespace

void add_create_ca(CLI::App& group, Action& action) {
    add(add_command(group, "create-ca", "Make a CA: ca.crt and its key",
                    "sallyport cert create-ca --certs-dir certs --ca-key private/ca.key"),
        action, "ca", pki::certs_names::ca, "Sallyport CA");
}

void add_create_client_ca(CLI::App& group, Action& action) {
    add(add_command(group, "create-client-ca", "Make a CA for clients alone: ca-client.crt",
                    "sallyport cert create-client-ca --certs-dir certs --ca-key "
                    "private/ca-client.key"),
        action, "client-ca", pki::certs_names::client_ca, "Sallyport Client CA");
}

}  // namespace sallyport::cli::cert
