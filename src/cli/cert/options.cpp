#include "cli/cert/options.hpp"

#include "cli/cert/lifetime.hpp"
#include "cli/say.hpp"
#include "pki/issuers.hpp"

#include <array>
#include <cstdlib>
#include <ctime>

namespace sallyport::cli::cert {
namespace {

// RSA below this is broken by those who can pay for it; above, one handshake takes a tenth of a
// second and more.
constexpr unsigned least_rsa_bits = 2048;
constexpr unsigned most_rsa_bits = 8192;

std::string from_environment(char const* variable) {
    char const* const value = std::getenv(variable);
    return value == nullptr ? std::string() : value;
}

std::filesystem::path default_certs_dir() {
    if (auto const given = from_environment("SALLYPORT_CERTS_DIR"); !given.empty()) return given;
    // Without a home there is no default: never a directory wherever we happen to be.
    auto const home = from_environment("HOME");
    return home.empty() ? std::filesystem::path()
                        : std::filesystem::path(home) / ".sallyport-certs";
}

std::string default_ca_key() {
    auto const ours = from_environment("SALLYPORT_CA_KEY");
    return ours.empty() ? from_environment("COCKROACH_CA_KEY") : ours;
}

template <class Lifetime>
CLI::callback_t take_lifetime(std::string const& option, Lifetime& lifetime) {
    return [option, &lifetime](CLI::results_t const& words) {
        auto const given = parse_lifetime(words.front());
        if (!given)
            throw CLI::ValidationError(option,
                                       words.front() + " is no duration such as 8760h or 365d");
        lifetime = *given;
        return true;
    };
}

}  // namespace

void add_certs_dir(CLI::App& command, std::filesystem::path& certs_dir) {
    certs_dir = default_certs_dir();
    command
        .add_option("--certs-dir", certs_dir,
                    "the certificates directory (${SALLYPORT_CERTS_DIR}, else "
                    "${HOME}/.sallyport-certs)")
        ->type_name("DIR");
    auto const partition = std::make_shared<std::string>();
    auto const check = [](std::string const& name) {
        auto const good = pki::check_place("partition", name);
        return good ? std::string() : good.error().what + ": " + good.error().hint;
    };
    command
        .add_option("--partition", *partition,
                    "work in this partition of it, which has a root of its own")
        ->check(check)
        ->type_name("NAME");
    // When both are known, in whichever order they were given.
    command.parse_complete_callback([&certs_dir, partition] {
        if (certs_dir.empty())
            throw CLI::ValidationError("the path to the certs directory is required");
        if (!partition->empty()) certs_dir = pki::partition_dir(certs_dir, *partition);
    });
}

void add_ca_key(CLI::App& command, pki::KeyFile& ca_key) {
    ca_key.file = default_ca_key();
    auto* const key = command.add_option("--ca-key", ca_key.file,
                                         "the CA's private key (${SALLYPORT_CA_KEY}, else "
                                         "${COCKROACH_CA_KEY})");
    key->type_name("FILE");
    key->check([](std::string const& file) {
        return file.empty() ? "the path to the CA key is required" : "";
    });
    if (ca_key.file.empty()) key->required();
    command
        .add_option("--ca-key-password-file", ca_key.password_file,
                    "its first line is the CA key's password")
        ->type_name("FILE");
}

void add_lifetime(CLI::App& command, std::chrono::seconds& lifetime) {
    auto const hours = std::chrono::duration_cast<std::chrono::hours>(lifetime).count();
    command
        .add_option("--lifetime", take_lifetime("--lifetime", lifetime),
                    "how long it is valid: 8760h, 365d (" + std::to_string(hours) + "h)")
        ->type_name("DURATION");
}

void add_optional_lifetime(CLI::App& command, std::optional<std::chrono::seconds>& lifetime) {
    command
        .add_option("--lifetime", take_lifetime("--lifetime", lifetime),
                    "how long it is valid: 8760h, 365d (as long as the CA)")
        ->type_name("DURATION");
}

void add_crl_lifetime(CLI::App& command, std::optional<std::chrono::seconds>& lifetime) {
    command
        .add_option("--crl-lifetime", take_lifetime("--crl-lifetime", lifetime),
                    "when the next list is due: 7d; whoever checks lists refuses everybody after "
                    "that (as long as the CA lives)")
        ->type_name("DURATION");
}

void add_overwrite(CLI::App& command, bool& overwrite, std::string const& what) {
    command.add_flag("--overwrite", overwrite, what);
}

void add_key_type(CLI::App& command, KeyOptions& options) {
    command.add_option("--key-type", options.type, "ecdsa (P-256), or rsa")
        ->check(CLI::IsMember({"ecdsa", "rsa"}))
        ->type_name("TYPE");
    command.add_option("--key-size", options.size, "bits of an RSA key, 2048 to 8192 (2048)")
        ->check(CLI::Range(least_rsa_bits, most_rsa_bits))
        ->type_name("BITS");
}

pki::Checked<pki::KeyType> key_type(KeyOptions const& options) {
    if (options.type == "ecdsa" && options.size != 0)
        return pki::Fault{Errc::file_invalid, "--key-size is for RSA keys; ECDSA keys are P-256",
                          "leave it away, or say --key-type rsa"};
    if (options.type != "rsa" && options.size == 0) return pki::KeyType::ecdsa_p256;
    return pki::KeyType{options.size == 0 ? pki::KeyType::rsa_2048.rsa_bits : options.size};
}

pki::Checked<pki::CertsDirectory> open_to_write(std::filesystem::path const& certs_dir) {
    auto const wait = [certs_dir] {
        note("waiting for another command to finish in " + certs_dir.string());
    };
    auto const lost_readers = [](std::filesystem::path const& file) {
        note(file.string() + ": its group could read it, and only you may read the new one: " +
             "chgrp and chmod 640 as root, or as a member of that group");
    };
    return pki::CertsDirectory::open_to_write(certs_dir, {wait, lost_readers});
}

std::string date_text(pki::Time time) {
    auto const when = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&when, &parts);
    std::array<char, sizeof "9999/12/31"> text{};
    auto const size = std::strftime(text.data(), text.size(), "%Y/%m/%d", &parts);
    return {text.data(), size};
}

int failed(pki::Fault const& fault) {
    error(fault.what, fault.hint);
    return 1;
}

}  // namespace sallyport::cli::cert
