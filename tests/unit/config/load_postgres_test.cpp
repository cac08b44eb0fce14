// PostgreSQL listeners and backends: which settings arrive, which are refused, which are warned of.
#include "unit/config/told.hpp"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

/// One listener and one backend, whose keys from line 9 on are those of `backend`.
std::string postgres(std::string const& backend, std::string const& address = "db:5432") {
    return "[[listener]]\nname='l'\nprotocol='postgres'\naddress='127.0.0.1:1'\nbackend='b'\n"
           "[[backend]]\nname='b'\naddresses=['" +
           address + "']\n" + backend + "\n";
}

constexpr char socket_address[] = "unix:/var/run/postgresql/.s.PGSQL.5432";

class LoadPostgres : public testing::Test {
 protected:
    LoadPostgres() {
        for (char const* const name : {"pass", "users"}) {
            std::filesystem::permissions(
                scratch_.write(name, ""),
                std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        }
    }

    Config load_good(std::string const& text) const {
        auto const result = load(scratch_.write("a.toml", text));
        if (result) return result->config;
        ADD_FAILURE() << result.error().at(0).what;
        return {};
    }
    void expect_faults(std::string const& text, std::string const& faults) const {
        EXPECT_EQ(faults_of(scratch_, text), faults + "\n") << text;
    }
    /// Warnings of a whole file; "" for none.
    void expect_warnings(std::string const& text, std::string const& warnings) const {
        EXPECT_EQ(warnings_of(scratch_, text), warnings.empty() ? "" : warnings + "\n") << text;
    }

    Scratch scratch_;
};

TEST_F(LoadPostgres, ReadsEveryKey) {
    Config const config = load_good(postgres(R"toml(scram = "verifier"
negotiation = "direct"
auth-user = "door"
auth-password-file = "pass"
auth-database = "admin"
auth-query = "SELECT * FROM lookup($1)"
auth-file = "users")toml"));
    EXPECT_EQ(config.listeners.at(0).protocol, Protocol::postgres);
    Backend const& backend = config.backends.at(0);
    EXPECT_EQ(backend.protocol, Protocol::postgres);
    EXPECT_EQ(backend.scram, Scram::verifier);
    EXPECT_EQ(backend.negotiation, Negotiation::direct);
    EXPECT_EQ(backend.verifiers.auth_user, "door");
    EXPECT_EQ(backend.verifiers.auth_password_file, scratch_.directory() / "pass");
    EXPECT_EQ(backend.verifiers.auth_database, "admin");
    EXPECT_EQ(backend.verifiers.auth_query, "SELECT * FROM lookup($1)");
    EXPECT_EQ(backend.verifiers.auth_file, scratch_.directory() / "users");
    EXPECT_EQ(load_good(postgres("scram='relay'")).backends.at(0).scram, Scram::relay);
    EXPECT_EQ(load_good(postgres("scram='password'")).backends.at(0).scram, Scram::password);
}

TEST_F(LoadPostgres, FillsInTheDefaults) {
    Backend const backend = load_good(postgres("", socket_address)).backends.at(0);
    EXPECT_EQ(backend.protocol, Protocol::postgres);
    EXPECT_EQ(backend.addresses.at(0).socket, "/var/run/postgresql/.s.PGSQL.5432");
    EXPECT_EQ(backend.scram, Scram::automatic);
    EXPECT_EQ(backend.negotiation, Negotiation::postgres);
    EXPECT_EQ(backend.verifiers, Verifiers{});
}

TEST_F(LoadPostgres, ABackendSpeaksWhatItsListenersSpeak) {
    Config const config =
        load_good(postgres("") +
                  "[[listener]]\nname='m'\naddress='127.0.0.1:2'\nbackend='c'\n"
                  "[[listener]]\nname='n'\naddress='127.0.0.1:3'\nbackend='b'\n"
                  "protocol='postgres'\n"
                  "[[backend]]\nname='c'\naddresses=['db:3306']\n"
                  "[[backend]]\nname='unled'\naddresses=['db:3306']\n"
                  "[[backend]]\nname='unled with a key'\naddresses=['db:5432']\nscram='relay'\n");
    EXPECT_EQ(config.backends.at(0).protocol, Protocol::postgres);
    EXPECT_EQ(config.backends.at(1).protocol, Protocol::mysql);
    EXPECT_EQ(config.backends.at(2).protocol, Protocol::mysql);
    EXPECT_EQ(config.backends.at(3).protocol, Protocol::postgres);

    expect_faults(postgres("") + "[[listener]]\nname='m'\naddress='127.0.0.1:2'\nbackend='b'\n",
                  "13: this listener speaks \"mysql\", and one that speaks \"postgres\" leads to "
                  "\"b\" too [the other is in line 5; a database speaks one protocol: each needs a "
                  "[[backend]] of its own]");
}

TEST_F(LoadPostgres, AListenerHasNoGreeting) {
    expect_faults(
        "[[backend]]\nname='b'\naddresses=['db:1']\n"
        "[[listener]]\nname='l'\nprotocol='postgres'\naddress='127.0.0.1:1'\n"
        "backend='b'\ngreeting='own'\n",
        "9: greeting is for protocol = \"mysql\" [a PostgreSQL client speaks first: "
        "there is no greeting to choose]");
}

TEST_F(LoadPostgres, KeysAreRefusedWhereTheListenerIsMysql) {
    std::string const mysql =
        "[[listener]]\nname='l'\naddress='127.0.0.1:1'\nbackend='b'\n"
        "[[backend]]\nname='b'\naddresses=['db:1']\n";
    for (std::string const key :
         {"scram='auto'", "negotiation='direct'", "auth-user='u'", "auth-password-file='pass'",
          "auth-database='d'", "auth-query='SELECT $1'", "auth-file='users'"}) {
        std::string const name = key.substr(0, key.find('='));
        expect_faults(mysql + key,
                      "8: " + name +
                          " is for PostgreSQL, and the listener of this backend speaks \"mysql\" "
                          "[set protocol = \"postgres\" in the [[listener]] of line 4, or take " +
                          name + " out]");
    }
    // Whoever mistyped the protocol is told that, and nothing that follows from it.
    expect_faults(
        "[[listener]]\nname='l'\nprotocol='pg'\naddress='127.0.0.1:1'\nbackend='b'\n"
        "[[backend]]\nname='b'\naddresses=['db:1']\nscram='relay'\n",
        "3: protocol = \"pg\" is none of mysql and postgres");
}

TEST_F(LoadPostgres, VerifiersNeedASource) {
    expect_faults(postgres("scram='verifier'"),
                  "9: scram = \"verifier\" without auth-user or auth-file [auth-user names a "
                  "service account that may read the verifiers, auth-file a file of them]");
    for (std::string const key :
         {"auth-password-file='pass'", "auth-database='d'", "auth-query='SELECT $1'"}) {
        expect_faults(postgres("auth-file='users'\n" + key),
                      "10: " + key.substr(0, key.find('=')) +
                          " without auth-user [auth-user names the service account that asks the "
                          "database]");
    }
    for (std::string const query : {"SELECT 1", "SELECT $10", "SELECT $", ""}) {
        std::string const said = query.empty() ? "10: auth-query is empty"
                                               : "10: auth-query does not contain $1 [$1 stands "
                                                 "for the name of the user whose verifier is "
                                                 "wanted]";
        expect_faults(postgres("auth-user='u'\nauth-query='" + query + "'"), said);
    }
    for (std::string const query : {"$1", "SELECT $10, $1", "SELECT * FROM f($1::text)"})
        load_good(postgres("auth-user='u'\nauth-query='" + query + "'"));
    expect_faults(postgres("auth-user=''"), "9: auth-user is empty");
    expect_faults(postgres("auth-file='none'"),
                  "9: auth-file: cannot read DIR/none: No such file or directory [relative paths "
                  "start at the directory of the configuration file]");
    expect_faults(postgres("auth-user='u'\nauth-password-file='none'"),
                  "10: auth-password-file: cannot read DIR/none: No such file or directory "
                  "[relative paths start at the directory of the configuration file]");
}

TEST_F(LoadPostgres, DirectTlsNeedsTls) {
    std::string const hint =
        " [direct begins with TLS and cannot go on without it: ssl-mode must "
        "be REQUIRED, VERIFY_CA or VERIFY_IDENTITY]";
    for (std::string const mode : {"DISABLED", "PREFERRED"})
        expect_faults(postgres("ssl-mode='" + mode + "'\nnegotiation='direct'"),
                      "10: negotiation = \"direct\" with ssl-mode = \"" + mode + "\"" + hint);
    for (std::string const mode : {"REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"})
        load_good(postgres("ssl-mode='" + mode + "'\nnegotiation='direct'"));
    expect_faults(postgres("negotiation='direct'", socket_address),
                  "9: negotiation = \"direct\" with the address "
                  "unix:/var/run/postgresql/.s.PGSQL.5432 [PostgreSQL has no TLS on Unix sockets]");
}

TEST_F(LoadPostgres, StrictMirrorsNeedTls) {
    expect_faults(postgres("mirror='strict'", "db:5432', 'unix:/a"),
                  "9: mirror = \"strict\" with the address unix:/a [PostgreSQL has no TLS on Unix "
                  "sockets: nothing there mirrors the client's]");
    load_good(postgres("mirror='strict'"));
    // MySQL has.
    load_good(
        "[[listener]]\nname='l'\naddress='127.0.0.1:1'\nbackend='b'\n"
        "[[backend]]\nname='b'\naddresses=['unix:/a']\nmirror='strict'\n");
}

TEST_F(LoadPostgres, WarnsWhereBoundLoginsAreRefused) {
    std::string const warning =
        ": scram = \"auto\" without auth-user or auth-file: clients that bind SCRAM to the "
        "certificate, as libpq does by default, are refused unless the database has the same "
        "certificate [set auth-user or auth-file; or scram = \"relay\" where the database does not "
        "bind, as CockroachDB]";
    expect_warnings(postgres(""), "6" + warning);
    expect_warnings(postgres("scram='auto'"), "9" + warning);
    expect_warnings(postgres("", "unix:/a', 'db:5432"), "6" + warning);
    expect_warnings(postgres("", socket_address), "");
    expect_warnings(postgres("ssl-mode='DISABLED'", "127.0.0.1:5432"), "");
    expect_warnings(postgres("auth-file='users'"), "");
    expect_warnings(postgres("auth-user='u'\nauth-password-file='pass'"), "");
    expect_warnings(postgres("scram='relay'"), "");
    expect_warnings(postgres("scram='password'"), "");
}

TEST_F(LoadPostgres, WarnsOfVerifiersThatAreNotUsed) {
    std::string const hint = " [verifiers are for scram = \"auto\" and \"verifier\"]";
    for (std::string const scram : {"relay", "password"})
        expect_warnings(postgres("scram='" + scram + "'\nauth-user='u'\nauth-file='users'"),
                        "10: auth-user is not used with scram = \"" + scram + "\"" + hint +
                            "\n11: auth-file is not used with scram = \"" + scram + "\"" + hint);
    expect_warnings(postgres("scram='verifier'\nauth-file='users'"), "");
}

TEST_F(LoadPostgres, WarnsOfAnAccountWithoutAPassword) {
    expect_warnings(postgres("auth-user='u'"),
                    "9: auth-user without auth-password-file: the database must let \"u\" in "
                    "without a password [auth-password-file names a file with its password; a Unix "
                    "socket and peer need none]");
    expect_warnings(postgres("auth-user='u'", socket_address), "");
}

TEST_F(LoadPostgres, WarnsOfVerifiersThatOthersCanReadOnTheWay) {
    auto const warns = [&](std::string const& mode, std::string const& address) {
        auto const text = postgres("auth-user='keeper'\nssl-mode='" + mode + "'", address);
        return warnings_of(scratch_, text).find("can be read by others") != std::string::npos;
    };
    EXPECT_TRUE(warns("REQUIRED", "db:5432"));
    EXPECT_TRUE(warns("DISABLED", "db:5432"));
    EXPECT_FALSE(warns("VERIFY_CA", "db:5432"));
    EXPECT_FALSE(warns("REQUIRED", "127.0.0.1:5432"));
}

TEST_F(LoadPostgres, WarnsOfSecretsThatOthersCanRead) {
    using std::filesystem::perms;
    for (char const* const name : {"pass", "users"})
        std::filesystem::permissions(scratch_.directory() / name, perms::others_read,
                                     std::filesystem::perm_options::add);
    expect_warnings(postgres("auth-user='u'\nauth-password-file='pass'\nauth-file='users'"),
                    "10: auth-password-file: every user of this machine can read DIR/pass [chmod "
                    "600 DIR/pass]\n"
                    "11: auth-file: every user of this machine can read DIR/users [chmod 600 "
                    "DIR/users]");
}

TEST_F(LoadPostgres, HasItsOwnWords) {
    expect_faults(postgres("scram='automatic'\nnegotiation='tls'"),
                  "9: scram = \"automatic\" is none of auto, relay, verifier and password\n"
                  "10: negotiation = \"tls\" is none of postgres and direct");
    expect_faults(postgres("scram='verifiers'"),
                  "9: scram = \"verifiers\" is none of auto, relay, verifier and password [did you "
                  "mean \"verifier\"?]");
}

}  // namespace
}  // namespace sallyport::config
