// `sallyport cert create-intermediate`: a CA for one region below the root, which signs that
// region's servers. The root's key is needed for this once, and can stay locked away afterwards.
#include "cli/cert/commands.hpp"
#include "cli/cert/ledger.hpp"
#include "cli/cert/options.hpp"
#include "cli/say.hpp"
#include "pki/files.hpp"
#include "pki/issuers.hpp"

namespace sallyport::cli::cert {
namespace {

namespace fs = std::filesystem;

constexpr unsigned private_mode = 0600;

struct CreateIntermediate {
    std::string region;
    fs::path certs_dir;
    pki::KeyFile ca_key;
    fs::path out_key;  ///< empty: ca-REGION.key beside the CA's
    KeyOptions key;
    std::optional<std::chrono::seconds> lifetime;
    bool overwrite = false;
};

/// What the region's CA file has already, to stay behind the new certificate: leaves below the old
/// one are still in use.
pki::Checked<std::vector<pki::Certificate>> known(CreateIntermediate const& options,
                                                  pki::CertsDirectory const& directory,
                                                  std::string const& file) {
    if (!directory.has(file)) return std::vector<pki::Certificate>();
    if (options.overwrite) return directory.read_certificates(file);
    return pki::Fault{Errc::file_invalid,
                      "file " + directory.file(file).string() + " already exists",
                      "--overwrite puts the new CA before the one that is there; the old key must "
                      "have been moved away"};
}

pki::Checked<pki::Time> end_of(CreateIntermediate const& options, pki::Authority const& root) {
    auto const end = root.certificate().not_after();
    if (!options.lifetime) return end;
    auto const now = pki::current_time();
    if (now + *options.lifetime <= end) return now + *options.lifetime;
    auto const hours = std::chrono::floor<std::chrono::hours>(end - now).count();
    return pki::Fault{Errc::file_invalid,
                      "the CA " + root.certificate().subject() + " lives " + std::to_string(hours) +
                          "h more, shorter than what --lifetime asks for",
                      "leave --lifetime away, or say --lifetime=" + std::to_string(hours) + "h"};
}

pki::Checked<void> make(CreateIntermediate const& options) {
    if (auto const good = pki::check_place("region", options.region); !good) return good;
    auto const type = key_type(options.key);
    if (!type) return type.error();
    auto const directory = open_to_write(options.certs_dir);
    if (!directory) return directory.error();
    auto const root = directory->load_authority({pki::certs_names::ca}, options.ca_key);
    if (!root) return root.error();
    auto const end = end_of(options, *root);
    if (!end) return end.error();
    auto const file = pki::certs_names::region_ca(options.region);
    auto certificates = known(options, *directory, file);
    if (!certificates) return certificates.error();
    auto const password = pki::read_password(options.ca_key.password_file);
    if (!password) return password.error();

    auto const partition = pki::partition_name(options.certs_dir);
    auto const place = partition.empty() ? options.region : partition + " " + options.region;
    auto const made = root->issue_intermediate("Sallyport CA " + place, *end, *type);
    // The key before the certificate: what is signed is never without its key.
    auto const key_file = options.out_key.empty() ? options.ca_key.file.parent_path() /
                                                        ("ca-" + options.region + ".key")
                                                  : options.out_key;
    auto const reason =
        pki::write_whole(key_file, made.key().to_pem(*password), private_mode, pki::Existing::kept);
    if (reason == boost::system::errc::file_exists)
        return pki::Fault{Errc::file_invalid, "file " + key_file.string() + " already exists",
                          "move it away, or name another with --out-key; never delete the key of a "
                          "CA that is in use"};
    if (reason) return pki::system_fault("write the key", key_file.string(), reason);

    certificates->insert(certificates->begin(), made.certificate());
    auto const enter = [&] { return record(*directory, made.certificate(), "intermediate"); };
    constexpr bool replace = true;
    auto const written = directory->write({{file, pki::to_pem(*certificates)}}, replace, enter);
    if (!written) {
        // Nothing was signed with it that anybody has.
        std::error_code ignored;
        fs::remove(key_file, ignored);
        return written.error();
    }
    tell_of(directory->file(file), made.certificate());
    return {};
}

int create_intermediate(CreateIntermediate const& options) {
    auto const made = make(options);
    return made ? 0 : failed(made.error());
}

}  // namespace

void add_create_intermediate(CLI::App& group, Action& action) {
    CLI::App& command =
        add_command(group, "create-intermediate", "Make a CA for one region, below ca.crt",
                    "sallyport cert create-intermediate eu-west-1 --certs-dir certs --ca-key "
                    "private/ca.key");
    auto const options = std::make_shared<CreateIntermediate>();
    command.add_option("REGION", options->region, "the region's name: eu-west-1")->required();
    add_certs_dir(command, options->certs_dir);
    add_ca_key(command, options->ca_key);
    command
        .add_option("--out-key", options->out_key,
                    "where the new key goes (ca-REGION.key beside the CA key)")
        ->type_name("FILE");
    add_key_type(command, options->key);
    add_optional_lifetime(command, options->lifetime);
    add_overwrite(command, options->overwrite, "put the new CA before the one that is there");
    on_chosen(command, action, options, create_intermediate);
}

}  // namespace sallyport::cli::cert
