// The settings as plain values with their defaults (DESIGN section 7). Loading them is `load`.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::config {

using std::chrono::milliseconds;
using std::filesystem::path;

enum class TlsVersion { v1_0, v1_1, v1_2, v1_3 };
enum class ClientCertificate {
    none,      ///< not asked for
    optional,  ///< asked for; verified when given (the database decides who needs one)
    required,  ///< the handshake fails without one
};
/// What becomes of live sessions when their client's certificate is revoked.
enum class RevokedSessions {
    keep,   ///< they go on; the next handshake is refused
    close,  ///< they end as soon as the changed list is read
};
enum class Protocol { mysql, postgres };
enum class Greeting {
    own,      ///< we greet; the database is not touched before the client has passed the door
    backend,  ///< the backend's greeting is passed on; byte-transparent
};
/// Our check of the backend's certificate, named as MySQL clients name it.
enum class SslMode { disabled, preferred, required, verify_ca, verify_identity };
enum class MirrorMode {
    prefer,  ///< same version and same cipher, where both ends can
    strict,  ///< exactly the same, or no session
    off,     ///< the back leg's TLS follows ssl-mode alone; account rules are enforced by us
};

/// How a PostgreSQL client's SCRAM login reaches the database (DESIGN section 5).
enum class Scram {
    automatic,  ///< "auto": relayed where that can work, else by verifier where one is to be had
    relay,      ///< always relayed
    verifier,   ///< judged here against the verifier, and done again on the back leg
    password,   ///< the client is asked for its password, inside TLS; SCRAM on the back leg
};
/// How TLS begins on a PostgreSQL back leg, named as libpq's sslnegotiation names it.
enum class Negotiation { postgres, direct };

/// What a front leg offers and demands. A listener's settings start from `[tls]`.
struct Tls {
    bool auto_tls = true;            ///< used when ssl_cert is empty
    std::vector<path> ssl_cert;      ///< PEM, leaf first; more than one: one per key type
    std::vector<path> ssl_key;       ///< the private keys, in the order of ssl_cert
    path ssl_key_password_file;      ///< its first line opens encrypted keys; empty: none
    std::vector<path> canary_cert;   ///< a second chain, for a share of the handshakes; or none
    std::vector<path> canary_key;    ///< its private keys, in the order of canary_cert
    double canary_share = 0.05;      ///< of the handshakes: 0 to 1
    std::uint32_t canary_limit = 3;  ///< refusals of clients that make the share fall back to 0
    path acme_certificate;  ///< of [acme]: key and chain, used when ssl_cert is empty, once it is
                            ///< there
    path ca_cert;           ///< issued ssl_cert, and issues it again; empty: nobody here does
    path ca_key;            ///< its key; set wherever ca_cert is
    path ca_key_password_file;  ///< its first line opens an encrypted ca_key; empty: none
    path ssl_ca;                ///< client certificates are verified against these; empty: none
    path ssl_crl;               ///< revocation lists, PEM; empty: none
    TlsVersion tls_version = TlsVersion::v1_2;  ///< the minimum
    std::string ssl_cipher;        ///< OpenSSL cipher list for TLS 1.2 and below; empty: default
    std::string tls_ciphersuites;  ///< TLS 1.3 suites; empty: default
    std::string groups;            ///< key exchange groups; empty: default
    bool require_secure_transport = true;
    ClientCertificate client_certificate = ClientCertificate::optional;
    RevokedSessions revoked_sessions = RevokedSessions::keep;

    friend bool operator==(Tls const&, Tls const&) = default;
};

/// Where to listen or dial: a host (name or address) with a port, or a Unix socket's path.
struct Address {
    std::string host;  ///< empty for a Unix socket; an IPv6 address has no brackets here
    std::uint16_t port = 0;
    path socket;  ///< empty for TCP

    bool is_unix() const { return !socket.empty(); }
    /// As it is written in the file: "host:port", "[v6]:port" or "unix:/path".
    std::string to_string() const;
    friend bool operator==(Address const&, Address const&) = default;
};

struct Listener {
    std::string name;
    Protocol protocol = Protocol::mysql;
    Address address;
    std::string backend;  ///< the name of a Backend; `load` checks that it exists
    Greeting greeting = Greeting::own;
    Tls tls;
};

/// Where the SCRAM verifiers of a backend's users come from. Empty: nowhere.
struct Verifiers {
    std::string auth_user;    ///< a service account of the database that may read the verifiers
    path auth_password_file;  ///< its first line is that account's password
    std::string auth_database = "postgres";  ///< the database that is asked
    /// Gives name and verifier of the user $1. PgBouncer's auth_query fits.
    std::string auth_query =
        "SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolname = $1";
    path auth_file;  ///< lines of "user" "SCRAM-SHA-256$...", as PgBouncer's; asked first

    bool empty() const { return auth_user.empty() && auth_file.empty(); }
    friend bool operator==(Verifiers const&, Verifiers const&) = default;
};

struct Backend {
    std::string name;
    /// That of the listeners which lead here; `load` checks that they agree.
    Protocol protocol = Protocol::mysql;
    std::vector<Address> addresses;  ///< tried in this order
    SslMode ssl_mode = SslMode::verify_identity;
    path ssl_ca;                  ///< empty: the system's roots
    std::string ssl_server_name;  ///< for SNI and VERIFY_IDENTITY; empty: the address's host
    MirrorMode mirror = MirrorMode::prefer;
    Scram scram = Scram::automatic;                   ///< postgres only
    Verifiers verifiers;                              ///< postgres only
    Negotiation negotiation = Negotiation::postgres;  ///< postgres only
    bool proxy_protocol = false;                      ///< send a PROXY protocol v2 header
    std::string health_user = "sallyport";            ///< the name that health checks log in with
    milliseconds health_interval{30'000};  ///< a probe when nothing was learned for this long
};

/// What a REQUIRE clause of MySQL demands. Only judged for backends with mirror = "off".
struct AccountRule {
    std::string user;
    std::string backend;  ///< empty: every backend
    bool ssl = false;     ///< REQUIRE SSL; implied by each of the following
    bool x509 = false;    ///< REQUIRE X509; implied by subject and issuer
    std::string subject;  ///< OpenSSL one-line form, as in CREATE USER ... REQUIRE SUBJECT
    std::string issuer;
    std::string cipher;
};

/// Where an ACME server looks for the proof that we own a name (RFC 8555 section 8, RFC 8737).
enum class AcmeChallenge { http_01, tls_alpn_01 };

/// In Acme::directory: what is served. One file, because one is replaced in an instant.
inline constexpr char acme_certificate_name[] = "server.pem";

/// Public certificates, got and renewed from a CA that speaks ACME.
struct Acme {
    std::string directory_url;         ///< "https://..."
    std::string contact;               ///< a mail address: the CA writes there
    std::vector<std::string> domains;  ///< lower case, no wildcards
    AcmeChallenge challenge = AcmeChallenge::http_01;
    Address address;  ///< where the challenge is answered; an empty host: on all addresses
    path ca_file;     ///< verifies the ACME server itself; empty: the system's roots
    path directory;   ///< where account and certificate are kept, below data_dir
    milliseconds timeout{300'000};         ///< for one attempt, all domains together
    milliseconds retry_interval{300'000};  ///< after the first failure; doubles with each further

    friend bool operator==(Acme const&, Acme const&) = default;
};

/// How workers hear of bytes. Automatic: io_uring where the kernel offers it, else epoll.
enum class IoMethod { automatic, epoll, io_uring };

/// Limits and clocks. Everything has one (DESIGN house rule 6).
struct Limits {
    std::uint32_t max_connections = 10'000;  ///< sessions in all; over it, error 1040
    milliseconds connect_timeout{10'000};    ///< from accept to the database's OK (MySQL's default)
    milliseconds dial_timeout{3'000};        ///< for one address of a backend
    milliseconds linger_timeout{5'000};      ///< for the other side, after one has finished
    milliseconds drain_timeout{30'000};      ///< for live sessions, after SIGTERM
};

/// HTTPS beside the doors: bundles, revocation lists, metrics.
struct Console {
    std::optional<Address> address;  ///< none: there is no console
    path trust_dir;                  ///< what /trust/ shows; empty: only what we made ourselves
    std::string listener;            ///< whose certificate is shown; `load` checks that it has one

    friend bool operator==(Console const&, Console const&) = default;
};

struct Config {
    path source;           ///< the file this came from, absolute
    path data_dir;         ///< auto-tls material, mirror CA, control socket; mode 0700
    unsigned workers = 0;  ///< 0: one per core
    IoMethod io_method = IoMethod::automatic;
    std::vector<Listener> listeners;
    std::vector<Backend> backends;
    std::vector<AccountRule> accounts;
    std::optional<Acme> acme;  ///< for listeners without ssl-cert
    Limits limits;
    Console console;
    std::string log_level = "info";
};

}  // namespace sallyport::config
