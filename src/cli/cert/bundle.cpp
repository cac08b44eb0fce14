// `sallyport cert bundle`: what clients are given, as RDS and Aurora publish it: all CAs together,
// those of one region, each as PEM and as PKCS#7; and the revocation lists.
#include "pki/bundle.hpp"

#include "cli/cert/commands.hpp"
#include "cli/cert/options.hpp"
#include "cli/say.hpp"
#include "pki/crl.hpp"
#include "pki/files.hpp"
#include "pki/issuers.hpp"
#include "pki/ledger.hpp"

#include <algorithm>
#include <utility>

namespace sallyport::cli::cert {
namespace {

namespace fs = std::filesystem;
using Certificates = std::vector<pki::Certificate>;

constexpr unsigned public_mode = 0644;

struct WriteBundles {
    fs::path certs_dir;
    fs::path out;
};

pki::Checked<void> write_file(fs::path const& file, std::string_view content) {
    if (auto const reason = pki::write_whole(file, content, public_mode))
        return pki::system_fault("write", file.string(), reason);
    out(file.string());
    return {};
}

pki::Checked<void> write_both(fs::path const& directory, std::string const& name,
                              Certificates const& certificates) {
    auto const wanted = pki::for_bundle(certificates, pki::current_time());
    auto const stem = name + "-bundle";
    if (wanted.empty())
        return pki::Fault{Errc::certificate_expired, "every CA for " + stem + " has expired",
                          "make a new one: sallyport cert create-ca --overwrite"};
    if (auto const done = write_file(directory / (stem + ".pem"), pki::to_pem(wanted)); !done)
        return done;
    return write_file(directory / (stem + ".p7b"), pki::to_pkcs7(wanted));
}

/// "ca-1A2B3C4D.crl": one CA's for as long as it lives, whoever comes after it.
std::string lasting_name(std::string const& name, pki::Certificate const& ca) {
    constexpr std::size_t digits = 8;
    return fs::path(name).stem().string() + "-" + pki::key_identifier(ca).substr(0, digits) +
           ".crl";
}

/// The lists of one file, each in a file of its own: what answers at the address of a distribution
/// point is one list in DER. That of the CA that is in use has the plain name, too.
pki::Checked<void> split_lists(pki::CertsDirectory const& from, fs::path const& to,
                               std::string const& name, Certificates const& cas) {
    auto const file = from.file(name).string();
    auto const text = pki::read_file(file);
    if (!text)
        return pki::Fault{Errc::file_unreadable, "cannot read " + file,
                          "sallyport cert crl writes it anew"};
    auto const lists = pki::Crl::from_pem(*text);
    if (!lists)
        return pki::Fault{Errc::file_invalid, file + " is not a whole PEM revocation list",
                          "move it away; sallyport cert crl writes it anew"};
    bool has_plain = false;
    // The first certificate of the file is the CA in use, where it has a list already.
    for (auto const& ca : cas) {
        auto const list =
            std::ranges::find_if(*lists, [&](pki::Crl const& one) { return one.is_signed_by(ca); });
        if (list == lists->end()) continue;
        if (!std::exchange(has_plain, true))
            if (auto const done = write_file(to / name, list->to_pem()); !done) return done;
        auto const lasting = lasting_name(name, ca);
        if (auto const done = write_file(to / lasting, list->to_pem()); !done) return done;
    }
    return {};
}

pki::Checked<void> write_lists(pki::CertsDirectory const& from, fs::path const& to,
                               std::vector<pki::Issuer> const& issuers) {
    std::string last;
    for (auto const& issuer : issuers) {
        auto const name = pki::certs_names::list_of(issuer.file);
        if (name == last || !from.has(name)) continue;
        last = name;
        Certificates cas;
        for (auto const& one : issuers)
            if (one.file == issuer.file) cas.push_back(one.certificate);
        if (auto const done = split_lists(from, to, name, cas); !done) return done;
    }
    return {};
}

/// For everybody to read, and for its owner alone to write in, whatever the umask lets through.
pki::Checked<void> make_public_directory(fs::path const& directory) {
    std::error_code error;
    if (fs::is_directory(directory, error)) return {};
    auto const parent = directory.parent_path();
    if (!parent.empty() && parent != directory && !fs::exists(parent, error))
        if (auto const made = make_public_directory(parent); !made) return made;
    // "a/b/" names the same directory as "a/b".
    bool const made = fs::create_directory(directory, error);
    auto const writable = fs::perms::group_write | fs::perms::others_write;
    if (made) fs::permissions(directory, writable, fs::perm_options::remove, error);
    if (error)
        return pki::system_fault("make the directory", directory.string(),
                                 {error.value(), boost::system::system_category()});
    return {};
}

pki::Checked<void> write_one(fs::path const& certs_dir, fs::path const& to) {
    auto const directory = pki::CertsDirectory::open(certs_dir);
    if (!directory) return directory.error();
    // The roots that servers are verified with; clients' own CA is the server's business.
    auto const roots = directory->read_certificates(pki::certs_names::ca);
    if (!roots) return roots.error();
    auto const issuers = pki::issuers_of(*directory);
    if (!issuers) return issuers.error();

    if (auto const made = make_public_directory(to); !made) return made;
    auto global = *roots;
    for (auto const& issuer : *issuers)
        if (!issuer.region.empty()) global.push_back(issuer.certificate);
    if (auto const done = write_both(to, "global", global); !done) return done;
    for (auto const& region : pki::regions_of(certs_dir)) {
        auto regional = *roots;
        for (auto const& issuer : *issuers)
            if (issuer.region == region) regional.push_back(issuer.certificate);
        if (auto const done = write_both(to, region, regional); !done) return done;
    }
    return write_lists(*directory, to, *issuers);
}

pki::Checked<void> write_all(WriteBundles const& options) {
    if (auto const done = write_one(options.certs_dir, options.out); !done) return done;
    // Beside, never within: who trusts the one does not trust the other.
    for (auto const& partition : pki::partitions_of(options.certs_dir)) {
        auto const from = pki::partition_dir(options.certs_dir, partition);
        if (auto const done = write_one(from, options.out / partition); !done) return done;
    }
    return {};
}

int bundle(WriteBundles const& options) {
    auto const written = write_all(options);
    return written ? 0 : failed(written.error());
}

}  // namespace

void add_bundle(CLI::App& group, Action& action) {
    CLI::App& command = add_command(
        group, "bundle", "Write what clients are given: global-bundle, REGION-bundle, the lists",
        "sallyport cert bundle --certs-dir certs --out trust");
    auto const options = std::make_shared<WriteBundles>();
    add_certs_dir(command, options->certs_dir);
    command.add_option("--out", options->out, "the directory for them; made where it is missing")
        ->required()
        ->type_name("DIR");
    on_chosen(command, action, options, bundle);
}

}  // namespace sallyport::cli::cert
