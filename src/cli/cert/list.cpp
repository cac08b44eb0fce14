// `sallyport cert list`: what is in a certificates directory, until when, and what is wrong with
// it.
#include "base/json.hpp"
#include "cli/cert/commands.hpp"
#include "cli/cert/options.hpp"
#include "cli/cert/table.hpp"
#include "cli/say.hpp"
#include "pki/certs_listing.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace sallyport::cli::cert {
namespace {

struct List {
    std::filesystem::path certs_dir;
    std::string format = "table";
};

bool is_address(std::string const& name) {
    // No DNS name has a colon, and none is made of numbers alone.
    return name.find(':') != std::string::npos ||
           name.find_first_not_of("0123456789.") == std::string::npos;
}

/// Names first, as CockroachDB has them, then addresses.
std::vector<std::string> addresses_of(pki::ListedFile const& file) {
    auto names = file.certificates.front().names();
    std::ranges::stable_partition(names, [](auto const& name) { return !is_address(name); });
    return names;
}

std::string joined(std::vector<std::string> const& texts) {
    std::string all;
    for (auto const& text : texts) all += (all.empty() ? "" : ",") + text;
    return all;
}

enum class Kind { ca, server, client };

Kind kind_of(pki::ListedFile const& file) {
    switch (file.usage) {
        case pki::FileUsage::ca:
        case pki::FileUsage::client_ca:
        case pki::FileUsage::ui_ca:
        case pki::FileUsage::tenant_client_ca:
            return Kind::ca;
        case pki::FileUsage::node:
        case pki::FileUsage::ui:
            return Kind::server;
        case pki::FileUsage::client:
        case pki::FileUsage::tenant_client:
            return Kind::client;
    }
    return Kind::client;
}

std::string notes_of(pki::ListedFile const& file) {
    bool const good = file.error.empty();
    switch (kind_of(file)) {
        case Kind::ca:
            return good ? "num certs: " + std::to_string(file.certificates.size()) : "";
        case Kind::server:
            return "addresses: " + (good ? joined(addresses_of(file)) : "<unknown>");
        case Kind::client:
            return "user: " + (good ? file.certificates.front().common_name() : "<unknown>");
    }
    return {};
}

std::string const& fault_of(pki::ListedFile const& file) {
    return file.error.empty() ? file.rejected : file.error;
}

std::string expires(pki::ListedFile const& file) {
    return file.certificates.empty() ? "" : date_text(file.certificates.front().not_after());
}

void print_table(List const& options, pki::CertsListing const& listing) {
    std::vector<Row> rows;
    for (auto const& file : listing.files)
        rows.push_back({std::string(pki::name(file.usage)), file.file, file.key_file, expires(file),
                        notes_of(file), fault_of(file)});
    out("Certificate directory: " + options.certs_dir.string());
    Row const titles{"Usage", "Certificate File", "Key File", "Expires", "Notes", "Error"};
    for (auto const& line : table(titles, std::move(rows))) out(line);
}

/// RFC 3339, in UTC.
std::string json_time(pki::Time time) {
    auto const when = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&when, &parts);
    std::array<char, sizeof "9999-12-31T23:59:59Z"> text{};
    auto const size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return to_json({text.data(), size});
}

std::string json_list(std::vector<std::string> const& texts) {
    std::vector<std::string> quoted;
    for (auto const& text : texts) quoted.push_back(to_json(text));
    return "[" + joined(quoted) + "]";
}

/// What the first certificate of a file says: the one that is shown, or signs.
std::string json_certificate(pki::ListedFile const& file) {
    auto const& first = file.certificates.front();
    return ",\"subject\":" + to_json(first.subject()) + ",\"serial\":" + to_json(first.serial()) +
           ",\"names\":" + json_list(first.names()) +
           ",\"not_before\":" + json_time(first.not_before()) +
           ",\"not_after\":" + json_time(first.not_after());
}

std::string json_file(pki::ListedFile const& file) {
    std::string text = "{\"usage\":" + to_json(pki::name(file.usage)) +
                       ",\"certificate_file\":" + to_json(file.file) +
                       ",\"key_file\":" + to_json(file.key_file) +
                       ",\"certificates\":" + std::to_string(file.certificates.size());
    if (!file.certificates.empty()) text += json_certificate(file);
    return text + ",\"notes\":" + to_json(notes_of(file)) +
           ",\"error\":" + to_json(fault_of(file)) + "}";
}

void print_json(List const& options, pki::CertsListing const& listing) {
    std::vector<std::string> files;
    for (auto const& file : listing.files) files.push_back(json_file(file));
    out("{\"directory\":" + to_json(options.certs_dir.string()) + ",\"files\":[" + joined(files) +
        "]}");
}

int list(List const& options) {
    auto const directory = pki::CertsDirectory::open(options.certs_dir);
    if (!directory) return failed(directory.error());
    auto const listing = pki::list_certificates(options.certs_dir);
    if (!listing) return failed(listing.error());
    for (auto const& text : listing->warnings) warning(text);
    if (directory->was_interrupted())
        warning("a command was interrupted while it wrote here",
                "the next command that writes here finishes its work");
    (options.format == "json" ? print_json : print_table)(options, *listing);
    return 0;
}

}  // namespace

void add_list(CLI::App& group, Action& action) {
    CLI::App& command = add_command(group, "list", "List certificates, their ends, what is wrong",
                                    "sallyport cert list --certs-dir certs");
    auto const options = std::make_shared<List>();
    add_certs_dir(command, options->certs_dir);
    command.add_option("--format", options->format, "table, or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->type_name("FORMAT");
    on_chosen(command, action, options, list);
}

}  // namespace sallyport::cli::cert
