#include "gateway/acme/store.hpp"

#include "base/log.hpp"
#include "pki/files.hpp"
#include "pki/key_access.hpp"

#include <algorithm>
#include <chrono>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view certificate_mark = "-----BEGIN CERTIFICATE-----";

/// The directory that lego has for this server: the URL's host with its port.
std::string server_of(std::string const& url) {
    auto const start = url.find("//") + 2;
    auto host = url.substr(start, url.find_first_of("/?", start) - start);
    std::replace(host.begin(), host.end(), ':', '_');
    return host;
}

bool is_expired(pki::Certificate const& leaf) {
    return leaf.not_after() <= std::chrono::system_clock::now();
}

Result<pki::Credential> parse(std::string_view key_text, std::string_view chain_text) {
    auto chain = pki::Certificate::from_pem(chain_text);
    if (!chain) return chain.error();
    auto key = pki::Key::from_pem(key_text);
    if (!key) return key.error();
    if (!chain->front().matches(*key)) return Errc::key_mismatch;
    for (std::size_t i = 0; i + 1 < chain->size(); ++i)
        if (!(*chain)[i].is_signed_by((*chain)[i + 1])) return Errc::chain_incomplete;
    if (is_expired(chain->front())) return Errc::certificate_expired;
    return pki::Credential{std::move(*chain), std::move(*key)};
}

/// The key, then the chain.
Result<pki::Credential> parse_file(fs::path const& file) {
    auto const text = pki::read_file(file);
    if (!text) return text.error();
    auto const mark = std::min(text->find(certificate_mark), text->size());
    return parse(std::string_view(*text).substr(0, mark), std::string_view(*text).substr(mark));
}

Fault unwritable(fs::path const& file) {
    return {Errc::file_unreadable, file, "cannot be written",
            "data-dir must be writable for sallyport's user, and have room"};
}

}  // namespace

std::optional<pki::Credential> read_acme_certificate(fs::path const& file) {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return std::nullopt;
    auto const parsed = parse_file(file);
    if (parsed) return *parsed;
    log::error("ACME certificate cannot be served", {{"file", file.string()},
                                                     {"reason", parsed.error().message()},
                                                     {"hint",
                                                      "a new one is asked for; until then "
                                                      "auto-tls serves, where it is on"}});
    return std::nullopt;
}

fs::path AcmeStore::certificate_file() const {
    return settings_.directory / config::acme_certificate_name;
}

std::optional<pki::Credential> AcmeStore::read() const {
    auto const parsed = parse_file(certificate_file());
    return parsed ? std::optional(*parsed) : std::nullopt;
}

bool AcmeStore::covers(pki::Credential const& credential) const {
    auto const names = credential.chain.front().names();
    return std::ranges::all_of(settings_.domains, [&](std::string const& domain) {
        return std::ranges::find(names, domain) != names.end();
    });
}

fs::path AcmeStore::account_directory() const {
    return work_directory() / "accounts" / server_of(settings_.directory_url) / settings_.contact;
}

Checked<void> AcmeStore::prepare() const {
    std::error_code failed;
    fs::remove_all(work_directory(), failed);
    if (failed) return unwritable(work_directory());
    auto const keys = account_directory() / "keys";
    for (auto const& directory : {settings_.directory, keys})
        if (!pki::make_private_directory(directory)) return unwritable(directory);
    auto const account =
        pki::read_file(settings_.directory / ("account-" + settings_.contact + ".json"));
    auto const key =
        pki::read_file(settings_.directory / ("account-" + settings_.contact + ".key"));
    // Without a whole account lego makes a new one.
    if (!account || !key) return {};
    auto const key_file = keys / (settings_.contact + ".key");
    if (!pki::write_private(key_file, *key)) return unwritable(key_file);
    auto const account_file = account_directory() / "account.json";
    if (!pki::write_private(account_file, *account)) return unwritable(account_file);
    return {};
}

Checked<void> AcmeStore::keep_account() const {
    auto const account = pki::read_file(account_directory() / "account.json");
    auto const key = pki::read_file(account_directory() / "keys" / (settings_.contact + ".key"));
    // lego writes the account after the CA has taken it.
    if (!account || !key) return {};
    // The key first: after a crash between the two there is an old account with a new key, which
    // the CA does not know; it is forgotten then.
    for (auto const& [text, ending] : {std::pair(&*key, ".key"), std::pair(&*account, ".json")}) {
        auto const file = settings_.directory / ("account-" + settings_.contact + ending);
        auto const kept = pki::read_file(file);
        if (kept && *kept == *text) continue;
        if (!pki::write_private(file, *text)) return unwritable(file);
    }
    return {};
}

void AcmeStore::forget_account() const {
    std::error_code ignored;
    for (auto const* ending : {".json", ".key"})
        fs::remove(settings_.directory / ("account-" + settings_.contact + ending), ignored);
}

Checked<pki::Credential> AcmeStore::install() const {
    auto const stem = work_directory() / "certificates" / settings_.domains.front();
    auto const chain = pki::read_file(stem.string() + ".crt");
    auto const key = pki::read_file(stem.string() + ".key");
    if (!chain || !key)
        return Fault{Errc::file_unreadable, stem.string() + ".crt", "lego has left no certificate",
                     ""};
    auto const credential = parse(*key, *chain);
    if (!credential)
        return Fault{static_cast<Errc>(credential.error().value()), stem.string() + ".crt",
                     "the CA's answer cannot be served: " + credential.error().message(),
                     "is this machine's clock right?"};
    if (!covers(*credential))
        return Fault{Errc::file_invalid, stem.string() + ".crt",
                     "the CA's certificate lacks some of the domains", ""};
    if (!pki::replace_key(certificate_file(),
                          credential->key.to_pem() + pki::to_pem(credential->chain)))
        return unwritable(certificate_file());
    std::error_code ignored;
    fs::remove_all(work_directory(), ignored);
    return *credential;
}

}  // namespace sallyport::gateway
