#include "pki/auto_tls.hpp"

#include "base/log.hpp"
#include "pki/alternative_names.hpp"
#include "pki/authority.hpp"
#include "pki/files.hpp"
#include "pki/pair.hpp"
#include "pki/reissue.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unistd.h>

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;

// As long as a CA in clients' hands may reasonably live; nothing renews it for them.
constexpr auto ca_lifetime = days(3652);
// Short enough that a lost key is worth little, and long enough that a gateway which is stopped for
// a month at the wrong time (the last third) still starts with a valid certificate.
constexpr auto server_lifetime = days(90);

constexpr std::string_view ca_stem = "ca";

struct ServerKind {
    std::string_view stem;
    KeyType type;
};
constexpr std::array server_kinds{ServerKind{"server", KeyType::ecdsa_p256},
                                  ServerKind{"server-rsa", KeyType::rsa_2048}};

/// The CA as it was found. Without its key it can only be served under, not issued with.
struct Ca {
    Certificate certificate;
    std::optional<Authority> authority;
};

/// From the best to the worst.
enum class Fitness {
    good,      ///< serve it
    due,       ///< serves still, but should be issued again
    unusable,  ///< cannot be served
};

error_code complain(fs::path const& file, std::string_view hint, error_code code) {
    log::error("auto-tls cannot go on",
               {{"file", file.string()}, {"reason", code.message()}, {"hint", hint}});
    return code;
}

/// Whether a client could dial this: what a listener binds to need not be such a name.
bool can_be_dialled(std::string_view name) {
    constexpr std::size_t longest_dns_name = 253;  // RFC 1035 section 2.3.4, as text
    bool const printable =
        std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~' && c != ','; });
    return printable && !name.empty() && name.size() <= longest_dns_name && name != "0.0.0.0" &&
           name != "::";
}

std::vector<std::string> wanted_names(std::vector<std::string> const& given) {
    std::array<char, 256> host{};
    // The last byte stays NUL: a name that is cut is not terminated for us.
    if (::gethostname(host.data(), host.size() - 1) != 0) host.front() = '\0';

    auto all = given;
    all.insert(all.end(), {host.data(), "localhost", "127.0.0.1", "::1"});
    std::vector<std::string> wanted;
    for (auto const& name : all) {
        auto canonical = canonical_name(name);
        if (can_be_dialled(canonical) && std::ranges::find(wanted, canonical) == wanted.end())
            wanted.push_back(std::move(canonical));
    }
    return wanted;
}

bool covers(Certificate const& leaf, std::vector<std::string> const& wanted) {
    auto const has = leaf.names();
    return std::ranges::all_of(
        wanted, [&](auto const& name) { return std::ranges::find(has, name) != has.end(); });
}

Fitness judge(Result<Credential> const& server, Certificate const& ca,
              std::vector<std::string> const& wanted, Time now) {
    if (!server) return Fitness::unusable;
    auto const& leaf = server->chain.front();
    if (!leaf.is_signed_by(ca) || leaf.not_after() <= now) return Fitness::unusable;
    // A clock that went back has left us with one that clients do not take yet.
    if (leaf.not_before() > now) return Fitness::due;
    if (now >= renewal_time(leaf, ca) || !covers(leaf, wanted)) return Fitness::due;
    return Fitness::good;
}

/// The CA of a directory that has one.
Result<Ca> read_ca(PairFiles const& files, Time now) {
    auto const text = read_file(files.certificate);
    if (!text) return text.error();
    auto const certificates = Certificate::from_pem(*text);
    if (!certificates) return certificates.error();
    Ca ca{certificates->front(), std::nullopt};
    if (!ca.certificate.is_ca()) return Errc::file_invalid;
    if (ca.certificate.not_after() <= now) return Errc::certificate_expired;
    if (!fs::exists(files.key)) return ca;

    auto pair = read_pair(files);
    if (!pair) return pair.error();
    auto authority = Authority::from(pair->chain.front(), pair->key);
    if (!authority) return authority.error();
    ca.authority = std::move(*authority);
    return ca;
}

/// A key without certificate is what a crash in the middle of this leaves; nobody trusts it yet.
Result<Ca> make_ca(PairFiles const& files) {
    auto const authority = Authority::create("Sallyport Auto-TLS CA", ca_lifetime);
    auto const written = write_pair(files, {{authority.certificate()}, authority.key()});
    if (!written) return complain(files.certificate, "is data-dir writable?", written.error());
    log::info("auto-tls CA created", {{"file", files.certificate.string()}});
    return Ca{authority.certificate(), authority};
}

Result<Ca> read_or_make_ca(fs::path const& directory, Time now) {
    auto const files = pair_files(directory, ca_stem);
    bool const in_use = std::ranges::any_of(server_kinds, [&](ServerKind const& kind) {
        return fs::exists(pair_files(directory, kind.stem).certificate);
    });
    if (!fs::exists(files.certificate) && !in_use) return make_ca(files);

    auto ca = read_ca(files, now);
    if (!ca)
        return complain(files.certificate,
                        "restore ca.crt and ca.key, or remove the directory and give clients the "
                        "new ca.crt",
                        ca.error());
    return ca;
}

Result<Credential> issue(Authority const& authority, ServerKind const& kind, PairFiles const& files,
                         std::vector<std::string> const& wanted, Time now) {
    auto credential = authority.issue_server(wanted, server_lifetime, kind.type, now);
    auto const written = write_pair(files, credential);
    if (!written) return complain(files.certificate, "is data-dir writable?", written.error());
    log::info("auto-tls certificate issued", {{"file", files.certificate.string()},
                                              {"subject", credential.chain.front().subject()}});
    return credential;
}

/// One pass over the directory; what it finds and what it makes is gathered in `material`.
class Pass {
 public:
    Pass(fs::path const& directory, std::vector<std::string> const& wanted, Time now)
        : directory_(directory), wanted_(wanted), now_(now) {}

    /// All that is there, if none of it is worse than `worst`.
    std::optional<AutoTls> read(Fitness worst) {
        auto const files = pair_files(directory_, ca_stem);
        auto const ca = read_ca(files, now_);
        if (!ca) return std::nullopt;
        begin(files, *ca);
        for (auto const& kind : server_kinds) {
            auto const pair = pair_files(directory_, kind.stem);
            auto const server = read_pair(pair);
            auto const fitness = judge(server, ca->certificate, wanted_, now_);
            if (fitness > worst) return std::nullopt;
            auto const& leaf = *server;
            // Due for another reason than its age, as where a name is new, it is due at once.
            auto const due = renewal_time(leaf.chain.front(), ca->certificate);
            add(pair, leaf, fitness == Fitness::good ? due : std::min(due, now_));
        }
        return std::move(material_);
    }

    /// The same, after making what is missing and replacing what is not good.
    Result<AutoTls> repair() {
        auto const ca = read_or_make_ca(directory_, now_);
        if (!ca) return ca.error();
        begin(pair_files(directory_, ca_stem), *ca);
        for (auto const& kind : server_kinds) {
            auto const done = repair_server(kind, *ca);
            if (!done) return done.error();
        }
        return std::move(material_);
    }

 private:
    Result<void> repair_server(ServerKind const& kind, Ca const& ca) {
        auto const files = pair_files(directory_, kind.stem);
        auto server = read_pair(files);
        auto const fitness = judge(server, ca.certificate, wanted_, now_);
        auto const ca_key = pair_files(directory_, ca_stem).key;
        if (fitness != Fitness::good && ca.authority) {
            auto const issued = issue(*ca.authority, kind, files, wanted_, now_);
            // One that is merely due serves on: a full disk must not stop what works.
            if (!issued && fitness == Fitness::unusable) return issued.error();
            if (issued) server = issued;
        } else if (fitness == Fitness::unusable) {
            return complain(ca_key, "without it no certificate can be issued",
                            Errc::file_unreadable);
        } else if (fitness == Fitness::due) {
            log::error("auto-tls certificate is due and cannot be renewed",
                       {{"file", files.certificate.string()}, {"missing", ca_key.string()}});
        }
        add(files, *server, renewal_time(server->chain.front(), ca.certificate));
        return {};
    }

    void begin(PairFiles const& files, Ca const& ca) {
        material_ = {
            files.certificate, {}, {files.certificate, files.key}, ca.certificate.not_after()};
    }

    void add(PairFiles const& files, Credential const& server, Time renew_at) {
        material_.servers.push_back(server);
        material_.files.insert(material_.files.end(), {files.certificate, files.key});
        material_.renew_at = std::min(material_.renew_at, renew_at);
    }

    fs::path const& directory_;
    std::vector<std::string> const& wanted_;
    Time now_;
    AutoTls material_{};
};

}  // namespace

Result<AutoTls> ensure_auto_tls(fs::path const& directory, std::vector<std::string> const& names,
                                Time now, std::chrono::milliseconds patience) {
    auto const wanted = wanted_names(names);
    if (auto const made = make_private_directory(directory); !made)
        return complain(directory, "is data-dir writable?", made.error());
    // Most starts find everything in order, and write nothing.
    if (auto found = Pass(directory, wanted, now).read(Fitness::good)) return std::move(*found);

    auto lock = DirectoryLock::try_acquire(directory);
    bool const is_held = !lock && lock.error() == Errc::would_block;
    if (is_held) {
        // A reload has clients to accept: it waits only for what it cannot do without.
        if (auto found = Pass(directory, wanted, now).read(Fitness::due)) return std::move(*found);
        lock = DirectoryLock::acquire(directory, patience);
    }
    if (!lock && lock.error() == Errc::would_block)
        return complain(directory, "another process holds .lock there; which, lslocks says",
                        lock.error());
    if (!lock) return complain(directory, "is data-dir writable?", lock.error());
    return Pass(directory, wanted, now).repair();
}

Result<void> renew_auto_tls(fs::path const& directory, std::vector<std::string> const& names,
                            Time now) {
    auto const wanted = wanted_names(names);
    if (Pass(directory, wanted, now).read(Fitness::good)) return {};
    // Whoever holds it for long must not keep a gateway from ending: another attempt follows.
    auto const lock = DirectoryLock::try_acquire(directory);
    if (!lock) return lock.error();
    auto const done = Pass(directory, wanted, now).repair();
    return done ? Result<void>() : Result<void>(done.error());
}

}  // namespace sallyport::pki
