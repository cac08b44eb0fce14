// The keys of a [[backend]] that only PostgreSQL knows.
#include "config/address.hpp"
#include "config/load_tables.hpp"
#include "config/scram.hpp"

#include <algorithm>
#include <array>

namespace sallyport::config {

namespace {

constexpr std::array<std::string_view, 7> postgres_keys{
    "negotiation",   "scram",      "auth-user", "auth-password-file",
    "auth-database", "auth-query", "auth-file"};
/// What a service account is asked, and how: of no use without one.
constexpr std::array<std::string_view, 3> service_keys{"auth-password-file", "auth-database",
                                                       "auth-query"};
constexpr std::array<std::string_view, 2> source_keys{"auth-user", "auth-file"};

/// Whether the query has the parameter $1, which is not the beginning of $10.
bool asks_for_user(std::string_view query) {
    for (std::size_t at = 0; (at = query.find("$1", at)) != std::string_view::npos; at += 2) {
        bool const is_longer =
            at + 2 < query.size() && query[at + 2] >= '0' && query[at + 2] <= '9';
        if (!is_longer) return true;
    }
    return false;
}

bool is_tcp(Address const& address) {
    return !address.is_unix();
}

/// The first Unix socket of the backend; null where it has none.
Address const* find_socket(Backend const& backend) {
    auto const& all = backend.addresses;
    auto const found = std::find_if_not(all.begin(), all.end(), is_tcp);
    return found == all.end() ? nullptr : &*found;
}

void judge_tls_of(Section& in, Backend const& backend) {
    Address const* const socket = find_socket(backend);
    if (backend.mirror == MirrorMode::strict && socket != nullptr)
        in.fault("mirror", "mirror = \"strict\" with the address " + socket->to_string(),
                 "PostgreSQL has no TLS on Unix sockets: nothing there mirrors the client's");
    if (backend.negotiation != Negotiation::direct) return;
    if (socket != nullptr)
        in.fault("negotiation", "negotiation = \"direct\" with the address " + socket->to_string(),
                 "PostgreSQL has no TLS on Unix sockets");
    if (backend.ssl_mode < SslMode::required)
        in.fault("negotiation",
                 "negotiation = \"direct\" with ssl-mode = \"" +
                     std::string(word(backend.ssl_mode)) + "\"",
                 "direct begins with TLS and cannot go on without it: ssl-mode must be REQUIRED, "
                 "VERIFY_CA or VERIFY_IDENTITY");
}

void judge_verifiers(Section& in, Backend const& backend) {
    Verifiers const& verifiers = backend.verifiers;
    if (backend.scram == Scram::verifier && verifiers.empty())
        in.fault("scram", "scram = \"verifier\" without auth-user or auth-file",
                 "auth-user names a service account that may read the verifiers, auth-file a file "
                 "of them");
    if (verifiers.auth_user.empty()) {
        for (std::string_view const key : service_keys)
            if (in.has(key))
                in.fault(key, std::string(key) + " without auth-user",
                         "auth-user names the service account that asks the database");
    }
    if (!asks_for_user(verifiers.auth_query))
        in.fault("auth-query", "auth-query does not contain $1",
                 "$1 stands for the name of the user whose verifier is wanted");
}

void warn_of_readers(Section const& in, std::string_view key, path const& file) {
    if (file.empty()) return;
    using std::filesystem::perms;
    std::error_code ignored;
    perms const others = std::filesystem::status(file, ignored).permissions() & perms::others_read;
    if (others == perms::none) return;
    in.warn(key, std::string(key) + ": every user of this machine can read " + file.string(),
            "chmod 600 " + file.string());
}

/// Verifiers are as good as passwords to whoever can read them on the way.
void warn_of_listeners(Section const& in, Backend const& backend) {
    if (backend.verifiers.auth_user.empty() || backend.ssl_mode >= SslMode::verify_ca) return;
    for (Address const& address : backend.addresses)
        if (!is_local(address))
            in.warn("auth-user",
                    "with ssl-mode = \"" + std::string(word(backend.ssl_mode)) +
                        "\" the verifiers that auth-user reads can be read by others on the way "
                        "from " +
                        address.to_string(),
                    "VERIFY_IDENTITY makes sure that nobody is in between");
}

void warn_about(Section const& in, Backend const& backend) {
    Verifiers const& verifiers = backend.verifiers;
    warn_of_listeners(in, backend);
    warn_of_readers(in, "auth-password-file", verifiers.auth_password_file);
    warn_of_readers(in, "auth-file", verifiers.auth_file);
    if (refuses_binding(backend))
        in.warn("scram",
                "scram = \"auto\" without auth-user or auth-file: clients that bind SCRAM to the "
                "certificate, as libpq does by default, are refused unless the database has the "
                "same certificate",
                "set auth-user or auth-file; or scram = \"relay\" where the database does not "
                "bind, as CockroachDB");
    if (backend.scram == Scram::relay || backend.scram == Scram::password) {
        for (std::string_view const key : source_keys)
            if (in.has(key))
                in.warn(key,
                        std::string(key) + " is not used with scram = \"" +
                            std::string(word(backend.scram)) + "\"",
                        "verifiers are for scram = \"auto\" and \"verifier\"");
        return;
    }
    auto const& addresses = backend.addresses;
    if (!verifiers.auth_user.empty() && verifiers.auth_password_file.empty() &&
        std::any_of(addresses.begin(), addresses.end(), is_tcp))
        in.warn("auth-user",
                "auth-user without auth-password-file: the database must let \"" +
                    verifiers.auth_user + "\" in without a password",
                "auth-password-file names a file with its password; a Unix socket and peer need "
                "none");
}

}  // namespace

void read_postgres(Section& in, Backend& backend) {
    Verifiers& verifiers = backend.verifiers;
    in.read("negotiation", backend.negotiation);
    in.read("scram", backend.scram);
    in.read_name("auth-user", verifiers.auth_user);
    in.read_file("auth-password-file", verifiers.auth_password_file);
    in.read_name("auth-database", verifiers.auth_database);
    in.read_name("auth-query", verifiers.auth_query);
    in.read_file("auth-file", verifiers.auth_file);
}

bool has_postgres_keys(Section const& in) {
    return std::any_of(postgres_keys.begin(), postgres_keys.end(),
                       [&](std::string_view key) { return in.has(key); });
}

void judge_postgres(Section& in, Backend const& backend) {
    judge_tls_of(in, backend);
    judge_verifiers(in, backend);
    warn_about(in, backend);
}

void refuse_postgres_keys(Section& in, unsigned line) {
    for (std::string_view const key : postgres_keys)
        if (in.has(key))
            in.fault(key,
                     std::string(key) +
                         " is for PostgreSQL, and the listener of this backend speaks \"mysql\"",
                     "set protocol = \"postgres\" in the [[listener]] of line " +
                         std::to_string(line) + ", or take " + std::string(key) + " out");
}

}  // namespace sallyport::config
