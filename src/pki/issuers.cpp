#include "pki/issuers.hpp"

#include <algorithm>
#include <array>

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "ca-";
constexpr std::string_view suffix = ".crt";

// What is left of a CA's common name (64 characters) beside the words around two such names.
constexpr std::size_t max_place = 20;

// Each would name a file that is another's: ca.crl, ca-client.crl, global-bundle.pem.
constexpr std::array<std::string_view, 3> taken{"ca", "ca-client", "global"};

bool is_place_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

std::vector<std::string> sorted(std::vector<std::string> names) {
    std::ranges::sort(names);
    return names;
}

}  // namespace

std::string certs_names::region_ca(std::string_view region) {
    return std::string(regions) + "/" + std::string(prefix) + std::string(region) +
           std::string(suffix);
}

std::string certs_names::list_of(std::string_view certificates_file) {
    std::string stem = fs::path(certificates_file).stem().string();
    bool const is_region = certificates_file.starts_with(std::string(regions) + "/");
    if (is_region) stem.erase(0, prefix.size());
    return stem + ".crl";
}

Checked<void> check_place(std::string_view what, std::string_view name) {
    bool const is_well_formed = !name.empty() && name.size() <= max_place &&
                                std::ranges::all_of(name, is_place_letter) && name.front() != '-' &&
                                name.back() != '-' && name.find("--") == std::string_view::npos;
    std::string const given = std::string(what) + " \"" + std::string(name) + "\"";
    if (!is_well_formed)
        return Fault{Errc::file_invalid, given + " is not a name that can be used",
                     "lower-case letters, digits and single hyphens, at most " +
                         std::to_string(max_place) + ": eu-west-1"};
    if (std::ranges::find(taken, name) != taken.end())
        return Fault{Errc::file_invalid, given + " would take the place of other files",
                     "choose another name"};
    return {};
}

std::vector<std::string> regions_of(fs::path const& certs_dir) {
    std::vector<std::string> names;
    std::error_code error;
    for (auto const& entry : fs::directory_iterator(certs_dir / certs_names::regions, error)) {
        auto const name = entry.path().filename().string();
        bool const fits = name.size() > prefix.size() + suffix.size() && name.starts_with(prefix) &&
                          name.ends_with(suffix);
        if (!fits) continue;
        auto const size = name.size() - prefix.size() - suffix.size();
        auto const region = name.substr(prefix.size(), size);
        if (check_place("region", region)) names.push_back(region);
    }
    return sorted(std::move(names));
}

std::vector<std::string> partitions_of(fs::path const& certs_dir) {
    std::vector<std::string> names;
    std::error_code error;
    for (auto const& entry : fs::directory_iterator(certs_dir / certs_names::partitions, error)) {
        auto const name = entry.path().filename().string();
        if (entry.is_directory(error) && check_place("partition", name)) names.push_back(name);
    }
    return sorted(std::move(names));
}

fs::path partition_dir(fs::path const& certs_dir, std::string_view partition) {
    return certs_dir / certs_names::partitions / partition;
}

std::string partition_name(fs::path const& certs_dir) {
    // "certs/partitions/gov/", "." within it: the same place has the same name.
    std::error_code error;
    auto place = fs::absolute(certs_dir, error).lexically_normal();
    if (!place.has_filename()) place = place.parent_path();
    bool const is_one = place.parent_path().filename() == certs_names::partitions;
    return is_one ? place.filename().string() : std::string();
}

Checked<std::vector<Issuer>> issuers_of(CertsDirectory const& directory) {
    std::vector<Issuer> issuers;
    auto const add = [&](std::string const& file, std::string const& region) -> Checked<void> {
        if (!directory.has(file)) return {};
        auto const certificates = directory.read_certificates(file);
        if (!certificates) return certificates.error();
        for (auto const& certificate : *certificates)
            if (certificate.is_ca()) issuers.push_back({certificate, file, region});
        return {};
    };
    for (auto const name : {certs_names::ca, certs_names::client_ca})
        if (auto const added = add(std::string(name), {}); !added) return added.error();
    for (auto const& region : regions_of(directory.path()))
        if (auto const added = add(certs_names::region_ca(region), region); !added)
            return added.error();
    return issuers;
}

KeyFile region_key(KeyFile const& given, std::string_view region) {
    auto const own = given.file.parent_path() / ("ca-" + std::string(region) + ".key");
    std::error_code error;
    if (!fs::exists(fs::symlink_status(own, error))) return given;
    return {own, given.password_file};
}

Checked<Key> key_of(Issuer const& issuer, KeyFile const& given) {
    // Another file beside the given one may be the region's key, but of a newer certificate.
    auto key = load_key(given);
    if (key && issuer.certificate.matches(*key)) return *key;
    auto const own = issuer.region.empty() ? given : region_key(given, issuer.region);
    if (own.file != given.file) key = load_key(own);
    if (!key) return key.error();
    if (issuer.certificate.matches(*key)) return *key;
    constexpr std::size_t digits = 8;
    auto const print = issuer.certificate.fingerprint().substr(0, digits);
    auto const tail = issuer.region.empty()
                          ? std::string(
                                "; after a rotation that of an old CA is the file "
                                "ca.old-XXXXXXXX.key")
                          : std::string("; the key of an old CA is where it was moved to");
    return Fault{Errc::key_mismatch,
                 "the key " + own.file.string() + " is not that of " +
                     issuer.certificate.subject() + " (" + issuer.file + ", fingerprint " + print +
                     ")",
                 (issuer.region.empty() ? "--ca-key names the key of this CA"
                                        : "--ca-key names the region's own key, or a file beside "
                                          "it") +
                     tail};
}

Checked<Authority> open_issuer(Issuer const& issuer, KeyFile const& given, Time now) {
    auto const key = key_of(issuer, given);
    if (!key) return key.error();
    auto const name = issuer.certificate.subject() + " (" + issuer.file + ")";
    if (issuer.certificate.not_after() <= now)
        return Fault{Errc::certificate_expired, name + " has expired, and with it all it signed",
                     "nothing that it signed is accepted any more"};
    auto const authority = Authority::from(issuer.certificate, *key);
    if (!authority)
        return Fault{Errc::file_invalid, name + " has no key identifier",
                     "make it with a subjectKeyIdentifier extension"};
    return *authority;
}

}  // namespace sallyport::pki
