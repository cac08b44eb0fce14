#include "pki/certs_listing.hpp"

#include "pki/files.hpp"
#include "pki/key_file.hpp"
#include "pki/ledger.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view certificate_extension = ".crt";
constexpr std::string_view key_extension = ".key";

/// A name before the first dot, what it means, and what CockroachDB says where more follows (for
/// users: less) than should.
struct Prefix {
    std::string_view prefix;
    FileUsage usage;
    std::string_view shown;
    std::string_view rule;
};

constexpr std::array prefixes{
    Prefix{"ca", FileUsage::ca, "CA", "CA certificate filename should match ca.crt"},
    Prefix{"ca-client", FileUsage::client_ca, "Client CA",
           "client CA certificate filename should match ca-client.crt"},
    Prefix{"ca-ui", FileUsage::ui_ca, "UI CA", "UI CA certificate filename should match ca-ui.crt"},
    Prefix{"ca-client-tenant", FileUsage::tenant_client_ca, "Tenant Client CA",
           "tenant CA certificate filename should match ca-client-tenant.crt"},
    Prefix{"node", FileUsage::node, "Node", "node certificate filename should match node.crt"},
    Prefix{"ui", FileUsage::ui, "UI", "UI certificate filename should match ui.crt"},
    Prefix{"client", FileUsage::client, "Client",
           "client certificate filename should match client.<user>.crt"},
    Prefix{"client-tenant", FileUsage::tenant_client, "Tenant Client",
           "tenant certificate filename should match client-tenant.<tenantid>.crt"},
};

bool is_ca(FileUsage usage) {
    return usage <= FileUsage::tenant_client_ca;
}

/// Go's %q, as far as names need it.
std::string go_quoted(std::string_view text) {
    std::string result = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

/// What the file is by its name; a text says why it is nothing.
boost::system::result<ListedFile, std::string> from_name(std::string const& file) {
    auto const dot = file.find('.');
    auto const first = file.substr(0, dot);
    auto const* const known = std::ranges::find(prefixes, first, &Prefix::prefix);
    if (known == prefixes.end()) return "unknown prefix " + go_quoted(first);
    auto const middle_size = file.size() - dot - certificate_extension.size();
    auto const middle = middle_size == 0 ? "" : file.substr(dot + 1, middle_size - 1);
    bool const names_somebody =
        known->usage == FileUsage::client || known->usage == FileUsage::tenant_client;
    if (middle.empty() == names_somebody) return std::string(known->rule);
    ListedFile listed;
    listed.usage = known->usage;
    listed.file = file;
    listed.user = middle;
    return listed;
}

/// Whom a certificate stands for: its common name, then the DNS names beside it.
std::vector<std::string> principals(Certificate const& certificate) {
    auto all = certificate.names();
    all.insert(all.begin(), certificate.common_name());
    return all;
}

std::string principals_fault(Certificate const& certificate, std::string_view who,
                             std::string_view expected) {
    auto const all = principals(certificate);
    if (std::ranges::find(all, expected) != all.end()) return {};
    std::string list;
    for (auto const& one : all) list += (list.empty() ? "" : " ") + go_quoted(one);
    return std::string(who) + " certificate has principals [" + list + "], expected " +
           go_quoted(expected);
}

std::string read_certificates_of(ListedFile& listed, fs::path const& path) {
    auto const text = read_file(path);
    if (!text) return "could not read certificate file " + listed.file;
    if (text->empty()) return "empty certificate file: " + listed.file;
    if (text->find("-----BEGIN ") == std::string::npos)
        return "no certificates found in " + listed.file;
    auto certificates = Certificate::from_pem(*text);
    if (!certificates) return "failed to parse certificate file " + listed.file + " as PEM";
    listed.certificates = std::move(*certificates);
    if (listed.usage != FileUsage::client) return {};
    auto const fault = principals_fault(listed.certificates.front(), "client", listed.user);
    if (fault.empty()) return {};
    return "failed to validate certificate 0 in file " + listed.file + ": " + fault;
}

std::string find_key_of(ListedFile& listed, fs::path const& directory) {
    if (is_ca(listed.usage)) return {};
    auto const stem = listed.file.substr(0, listed.file.size() - certificate_extension.size());
    auto const name = stem + std::string(key_extension);
    if (auto const allowed = check_key_permissions(directory / name); !allowed)
        return allowed.error().what;
    auto const text = read_file(directory / name);
    if (!text) return "could not read key file " + (directory / name).string();
    listed.key_file = name;
    // An encrypted key cannot be compared without its password.
    if (text->find("ENCRYPTED") != std::string::npos) return {};
    auto const key = Key::from_pem(*text);
    if (!key) return "key file " + (directory / name).string() + " is not a PEM private key";
    if (!listed.certificates.front().matches(*key))
        return "tls: private key does not match public key";
    return {};
}

/// A node without a client certificate of its own shows its server certificate to other nodes.
void check_double_use(std::vector<ListedFile>& files) {
    auto const is_client_node = [](ListedFile const& one) { return one.file == "client.node.crt"; };
    if (std::ranges::any_of(files, is_client_node)) return;
    for (auto& one : files)
        if (one.usage == FileUsage::node && one.error.empty())
            one.error = principals_fault(one.certificates.front(), "client/server node", "node");
}

std::string day(Time time) {
    auto const when = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&when, &parts);
    std::array<char, sizeof "9999/12/31"> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y/%m/%d", &parts)};
}

/// Empty where one of the file's certificates was signed by one that verifies them.
std::string orphan_fault(ListedFile const& file, std::vector<ListedFile> const& files) {
    if (file.usage != FileUsage::node && file.usage != FileUsage::client) return {};
    auto ca = files.end();
    if (file.usage == FileUsage::client)
        ca = std::ranges::find(files, FileUsage::client_ca, &ListedFile::usage);
    if (ca == files.end()) ca = std::ranges::find(files, FileUsage::ca, &ListedFile::usage);
    if (ca == files.end() || ca->certificates.empty()) return {};
    for (auto const& certificate : file.certificates)
        for (auto const& root : ca->certificates)
            if (certificate.is_signed_by(root)) return {};
    return "its CA is not in " + ca->file;
}

/// What is right by CockroachDB's rules and accepted by nobody all the same.
void check_validity(std::vector<ListedFile>& files, fs::path const& directory) {
    // Looking makes no ledger; one that cannot be read says nothing.
    std::error_code error;
    bool const has_ledger = fs::is_regular_file(directory / Ledger::file_name, error);
    auto const ledger = has_ledger ? Ledger::open(directory) : Result<Ledger>(Errc::file_invalid);
    for (auto& file : files) {
        if (!file.error.empty() || file.certificates.empty()) continue;
        auto const& first = file.certificates.front();
        if (first.not_after() <= current_time()) {
            file.rejected = "certificate expired on " + day(first.not_after());
            continue;
        }
        if (ledger) {
            auto const known = ledger->with_fingerprint(first.fingerprint());
            if (known && !known->empty() && known->front().revocation) file.rejected = "revoked";
        }
        if (file.rejected.empty()) file.rejected = orphan_fault(file, files);
    }
}

}  // namespace

std::string_view name(FileUsage usage) {
    return std::ranges::find(prefixes, usage, &Prefix::usage)->shown;
}

Checked<CertsListing> list_certificates(fs::path const& directory) {
    CertsListing listing;
    std::error_code error;
    for (fs::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
        auto const file = at->path().filename().string();
        std::error_code ignored;
        if (at->is_directory(ignored) || !file.ends_with(certificate_extension)) continue;
        auto listed = from_name(file);
        if (!listed) {
            listing.warnings.push_back("bad filename " + at->path().string() + ": " +
                                       listed.error());
            continue;
        }
        listed->error = read_certificates_of(*listed, at->path());
        if (listed->error.empty()) listed->error = find_key_of(*listed, directory);
        listing.files.push_back(std::move(*listed));
    }
    if (error)
        return system_fault("read", directory.string(),
                            {error.value(), boost::system::system_category()});
    std::ranges::sort(listing.warnings);
    std::ranges::sort(listing.files, {}, [](ListedFile const& one) {
        return std::pair(one.usage, std::string_view(one.file));
    });
    check_double_use(listing.files);
    check_validity(listing.files, directory);
    return listing;
}

}  // namespace sallyport::pki
