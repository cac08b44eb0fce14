// `sallyport cert crl`: writes the revocation list of a CA anew, with what the ledger knows: the
// first, empty one, or the next where a list has a lifetime of its own.
#include "cli/cert/commands.hpp"
#include "cli/cert/options.hpp"
#include "cli/say.hpp"
#include "pki/list_file.hpp"

namespace sallyport::cli::cert {
namespace {

struct WriteCrl {
    std::string region;
    std::filesystem::path certs_dir;
    pki::KeyFile ca_key;
    std::optional<std::chrono::seconds> lifetime;
};

/// Those whose key this is: of the region where one is named, else any.
pki::Checked<std::vector<pki::Issuer>> chosen(WriteCrl const& options,
                                              pki::CertsDirectory const& directory) {
    auto const issuers = pki::issuers_of(directory);
    if (!issuers) return issuers.error();
    auto const signed_with = [&](pki::Key const& key) {
        std::vector<pki::Issuer> found;
        for (auto const& issuer : *issuers) {
            bool const is_meant = options.region.empty() || issuer.region == options.region;
            bool const is_good = issuer.certificate.not_after() > pki::current_time();
            if (is_meant && is_good && issuer.certificate.matches(key)) found.push_back(issuer);
        }
        return found;
    };
    // The given key goes first: beside that of a region's old CA lies that of its new one.
    auto key_file = options.ca_key;
    auto key = pki::load_key(key_file);
    auto found = key ? signed_with(*key) : std::vector<pki::Issuer>();
    if (found.empty() && !options.region.empty()) {
        key_file = pki::region_key(options.ca_key, options.region);
        if (key_file.file != options.ca_key.file) key = pki::load_key(key_file);
        if (key) found = signed_with(*key);
    }
    if (!key) return key.error();
    if (found.empty())
        return pki::Fault{Errc::key_mismatch,
                          "the key " + key_file.file.string() + " is that of no CA in " +
                              directory.path().string() + " that is valid now",
                          "--ca-key names the key of the CA whose list is to be written; --region "
                          "one of its regions"};
    return found;
}

pki::Checked<void> write(WriteCrl const& options) {
    if (!options.region.empty())
        if (auto const good = pki::check_place("region", options.region); !good) return good;
    auto const directory = open_to_write(options.certs_dir);
    if (!directory) return directory.error();
    auto const issuers = chosen(options, *directory);
    if (!issuers) return issuers.error();
    auto const ledger = pki::open_ledger(*directory);
    if (!ledger) return ledger.error();
    for (auto const& issuer : *issuers) {
        auto const authority = pki::open_issuer(issuer, options.ca_key, pki::current_time());
        if (!authority) return authority.error();
        auto const next =
            pki::next_list(*directory, *ledger, issuer, *authority, {options.lifetime});
        if (!next) return next.error();
        constexpr bool replace = true;
        if (auto const written = directory->write({next->file}, replace); !written) return written;
        note(next->file.name + ": list " + std::to_string(next->list.number()) + " of " +
             issuer.certificate.subject() + ", " + std::to_string(next->list.size()) +
             " revoked, the next is due on " + date_text(*next->list.next_at()));
    }
    return {};
}

int crl(WriteCrl const& options) {
    auto const written = write(options);
    return written ? 0 : failed(written.error());
}

}  // namespace

void add_crl(CLI::App& group, Action& action) {
    CLI::App& command = add_command(
        group, "crl", "Write a CA's revocation list anew: ca.crl, ca-client.crl or REGION.crl",
        "sallyport cert crl --certs-dir certs --ca-key private/ca-client.key");
    auto const options = std::make_shared<WriteCrl>();
    add_certs_dir(command, options->certs_dir);
    add_ca_key(command, options->ca_key);
    command.add_option("--region", options->region, "of this region's CA")->type_name("REGION");
    add_crl_lifetime(command, options->lifetime);
    on_chosen(command, action, options, crl);
}

}  // namespace sallyport::cli::cert
