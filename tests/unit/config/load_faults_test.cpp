// Files that do not load: one row per fault, with the line it is told at and the hint.
#include "unit/config/told.hpp"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

/// What makes any file complete: rows write their fault in front of it, or behind it.
constexpr char rest[] =
    "[[listener]]\nname='l'\naddress='127.0.0.1:1'\nbackend='b'\n"
    "[[backend]]\nname='b'\naddresses=['db:1']\n";

struct Row {
    std::string text;
    std::string faults;
};

void check(std::initializer_list<Row> rows) {
    Scratch const scratch;
    for (char const* const name : {"a.crt", "a.key"}) scratch.write(name, "");
    for (Row const& row : rows)
        EXPECT_EQ(faults_of(scratch, row.text), row.faults + "\n") << row.text;
}

std::string with(std::string const& text) {
    return text + "\n" + rest;
}
std::string with_tls(std::string const& text) {
    return with("[tls]\n" + text);
}
std::string with_backend(std::string const& text) {
    return rest + text;
}
std::string with_listener(std::string const& text) {
    return "[[backend]]\nname='b'\naddresses=['db:1']\n"
           "[[listener]]\nname='l'\naddress='127.0.0.1:1'\nbackend='b'\n" +
           text;
}

TEST(LoadFaults, UnknownKeysComeWithWhatWasMeant) {
    check({
        {with_tls("ssl-crt='x'"), "2: unknown key ssl-crt [did you mean ssl-cert?]"},
        {with_tls("SSL_CERT='x'"), "2: unknown key SSL_CERT [did you mean ssl-cert?]"},
        {with("workres=1"), "1: unknown key workres [did you mean workers?]"},
        {with("[limit]"), "1: unknown key limit [did you mean limits?]"},
        {with("[[listeners]]"), "1: unknown key listeners [did you mean listener?]"},
        {with("ssl-cert='x'"),
         "1: unknown key ssl-cert [ssl-cert belongs in [tls] or [[listener]]]"},
        {with_tls("ssl-mode='x'"), "2: unknown key ssl-mode [ssl-mode belongs in [[backend]]]"},
        {with_tls("workers=1"),
         "2: unknown key workers [workers belongs at the top of the file, before the first table]"},
        {with("[tls.log]"), "1: unknown key log [log belongs in a table of its own: [log]]"},
        {with_backend("replicas=2"),
         "8: unknown key replicas [[[backend]] takes name, addresses, ssl-mode, ssl-ca, "
         "ssl-server-name, mirror, proxy-protocol, health-user, health-interval, negotiation, "
         "scram, auth-user, auth-password-file, auth-database, auth-query and auth-file]"},
        {with_backend("auth_query='x'"), "8: unknown key auth_query [did you mean auth-query?]"},
        {with_tls("scram='auto'"), "2: unknown key scram [scram belongs in [[backend]]]"},
        {with_listener("adress='x'"), "8: unknown key adress [did you mean address?]"},
        {with("[log]\nformat='x'"), "2: unknown key format [[log] takes level]"},
    });
}

TEST(LoadFaults, TypesAreStrict) {
    check({
        {with("workers='4'"), "1: workers is text where an integer is wanted"},
        {with("workers=1.5"), "1: workers is a number with decimals where an integer is wanted"},
        {with("data-dir=1"), "1: data-dir is an integer where text is wanted"},
        {with("data-dir=''"), "1: data-dir is empty"},
        {with("tls='x'"), "1: tls is not a table [write [tls], once]"},
        {with("[[tls]]"), "1: tls is an array of tables [write [tls], once]"},
        {with_tls("auto-tls='yes'"), "2: auto-tls is text where true or false is wanted"},
        {with_tls("ssl-cert=1"),
         "2: ssl-cert is an integer where a path or an array of paths is "
         "wanted"},
        {with_tls("ssl-cert=['a.crt', 2]"), "2: ssl-cert holds an integer where text is wanted"},
        {with_tls("ssl-ca=['a.crt']"), "2: ssl-ca is an array where text is wanted"},
        {with("[limits]\ndial-timeout='3s'"),
         "2: dial-timeout is text where a number of seconds is wanted"},
        {"[listener]\nname='l'\n[[backend]]\nname='b'\naddresses=['db:1']\n",
         "1: listener is a table [write [[listener]], with two brackets, for each one]"},
        {with("account='x'"),
         "1: account is text [write [[account]], with two brackets, for each one]"},
    });
}

TEST(LoadFaults, RangesAreChecked) {
    check({
        {with("io-method='uring'"), "1: io-method = \"uring\" is none of auto, epoll and io_uring"},
        {with("workers=-1"), "1: workers = -1 is out of range [from 0 to 1024]"},
        {with("workers=99999999999"), "1: workers = 99999999999 is out of range [from 0 to 1024]"},
        {with("[limits]\nmax-connections=0"),
         "2: max-connections = 0 is out of range [from 1 to 500000]"},
        {with("[limits]\ndial-timeout=0"),
         "2: dial-timeout = 0 is out of range [seconds, from 0.001 to 86400]"},
        {with("[limits]\ndial-timeout=-0.5"),
         "2: dial-timeout = -0.5 is out of range [seconds, from 0.001 to 86400]"},
        {with("[limits]\ndial-timeout=nan"),
         "2: dial-timeout = nan is out of range [seconds, from 0.001 to 86400]"},
        {with("[limits]\ndial-timeout=inf"),
         "2: dial-timeout = inf is out of range [seconds, from 0.001 to 86400]"},
        {with_backend("health-interval=86401"),
         "8: health-interval = 86401 is out of range [seconds, from 0.001 to 86400]"},
    });
}

TEST(LoadFaults, WordsAreListed) {
    check({
        {with_tls("tls-version='1.2'"),
         "2: tls-version = \"1.2\" is none of TLSv1.0, TLSv1.1, TLSv1.2 and TLSv1.3"},
        {with_tls("tls-version='TLSv1_3'"),
         "2: tls-version = \"TLSv1_3\" is none of TLSv1.0, TLSv1.1, TLSv1.2 and TLSv1.3 [did you "
         "mean \"TLSv1.3\"?]"},
        {with_tls("client-certificate='require'"),
         "2: client-certificate = \"require\" is none of none, optional and required [did you mean "
         "\"required\"?]"},
        {with_backend("ssl-mode='verify_ca'"),
         "8: ssl-mode = \"verify_ca\" is none of DISABLED, PREFERRED, REQUIRED, VERIFY_CA and "
         "VERIFY_IDENTITY [did you mean \"VERIFY_CA\"?]"},
        {with_backend("mirror='on'"), "8: mirror = \"on\" is none of prefer, strict and off"},
        {with_listener("greeting='ours'"), "8: greeting = \"ours\" is none of own and backend"},
        {with_listener("protocol='mssql'"),
         "8: protocol = \"mssql\" is none of mysql and postgres "
         "[did you mean \"mysql\"?]"},
        {with_listener("protocol='PostgreSQL'"),
         "8: protocol = \"PostgreSQL\" is none of mysql and postgres [did you mean \"postgres\"?]"},
        {with_listener("protocol='cockroachdb'"),
         "8: protocol = \"cockroachdb\" is none of mysql and postgres [did you mean "
         "\"postgres\"?]"},
        {with_listener("protocol='mariadb'"),
         "8: protocol = \"mariadb\" is none of mysql and postgres [did you mean \"mysql\"?]"},
        {with_listener("protocol='tidb'"),
         "8: protocol = \"tidb\" is none of mysql and postgres [did you mean \"mysql\"?]"},
        {with_listener("protocol='oracle'"),
         "8: protocol = \"oracle\" is none of mysql and postgres"},
        {with_backend("ssl-mode='verify-full'"),
         "8: ssl-mode = \"verify-full\" is none of DISABLED, PREFERRED, REQUIRED, VERIFY_CA and "
         "VERIFY_IDENTITY [did you mean \"VERIFY_IDENTITY\"?]"},
        {with("[log]\nlevel='warning'"),
         "2: level = \"warning\" is none of debug, info, warn and error"},
    });
}

TEST(LoadFaults, WhatIsNeededIsNamed) {
    check({
        {"",
         "1: there is no [[listener]]: nothing would be served [a [[listener]] needs name, "
         "address and backend]"},
        {"[[backend]]\nname='b'\naddresses=['db:1']\n[[listener]]\n",
         "4: this [[listener]] has no name [every [[listener]] needs name, address and backend]\n"
         "4: this [[listener]] has no address [every [[listener]] needs name, address and "
         "backend]\n"
         "4: this [[listener]] has no backend [every [[listener]] needs name, address and "
         "backend]"},
        {with_backend("[[backend]]\n"),
         "8: this [[backend]] has no name [every [[backend]] needs name and addresses]\n"
         "8: this [[backend]] has no addresses [every [[backend]] needs name and addresses]"},
        {with_backend("[[account]]\n"),
         "8: this [[account]] has no user [every [[account]] needs user and require]\n"
         "8: this [[account]] has no require [every [[account]] needs user and require]"},
        {with_backend("[[backend]]\nname='c'\naddresses=[]\n"), "10: addresses is empty"},
        {with_backend("[[backend]]\nname=''\naddresses=['db:1']\n"), "9: name is empty"},
    });
}

TEST(LoadFaults, NamesAreUniqueAndExist) {
    check({
        {with_backend("[[listener]]\nname='l'\naddress='127.0.0.1:2'\nbackend='b'\n"),
         "9: a second [[listener]] is named \"l\" [the first is in line 2]"},
        {with_backend("[[listener]]\nname='m'\naddress='127.0.0.1:1'\nbackend='b'\n"),
         "10: a second [[listener]] has this address [the first is in line 3]"},
        {with_backend("[[backend]]\nname='b'\naddresses=['db:1']\n"),
         "9: a second [[backend]] is named \"b\" [the first is in line 6]"},
        {"[[listener]]\nname='l'\naddress='h:1'\nbackend='order'\n"
         "[[backend]]\nname='orders'\naddresses=['db:1']\n",
         "4: no [[backend]] is named \"order\" [did you mean \"orders\"?]"},
        {"[[listener]]\nname='l'\naddress='h:1'\nbackend='x'\n"
         "[[backend]]\nname='orders'\naddresses=['db:1']\n"
         "[[backend]]\nname='ledger'\naddresses=['db:1']\n",
         "4: no [[backend]] is named \"x\" [the file has orders and ledger]"},
        {"[[listener]]\nname='l'\naddress='h:1'\nbackend='x'\n",
         "4: no [[backend]] is named \"x\" [the file has no [[backend]]]"},
        {with_backend("[[account]]\nuser='u'\nbackend='c'\nrequire='SSL'\n"),
         "10: no [[backend]] is named \"c\" [did you mean \"b\"?]"},
        {with_backend("[[account]]\nuser='u'\nrequire='SSL'\n[[account]]\nuser='u'\n"
                      "require='X509'\n"),
         "12: a second rule for the user \"u\" [the first is in line 9; demands of one rule are "
         "joined with AND]"},
    });
}

TEST(LoadFaults, AddressesAreJudged) {
    check({
        {"[[listener]]\nname='l'\naddress='3306'\nbackend='x'\n"
         "[[backend]]\nname='b'\naddresses=['db:1', '::1:3306']\n",
         "3: the address \"3306\" has no port [write \"host:port\", \"[v6]:port\" or "
         "\"unix:/path\"]\n"
         "4: no [[backend]] is named \"x\" [did you mean \"b\"?]\n"
         "7: the address \"::1:3306\" is IPv6 without brackets [write \"host:port\", \"[v6]:port\" "
         "or \"unix:/path\"]"},
        {with_backend("[[backend]]\nname='c'\naddresses='db:1'\n"),
         "10: addresses is text where an array of addresses is wanted"},
        {with_backend("[[backend]]\nname='c'\naddresses=['db:1', 'db:1']\n"),
         "10: \"db:1\" is listed twice"},
        {"[[listener]]\nname='l'\naddress='h:1'\nbackend='b'\n"
         "[[backend]]\nname='b'\naddresses=['h:1']\n",
         "3: the backend \"b\" has this very address [one of them must move, or every session "
         "would end up at the listener again]"},
    });
}

TEST(LoadFaults, FilesMustBeThere) {
    std::string const hint = " [relative paths start at the directory of the configuration file]";
    check({
        {with_tls("ssl-cert='no.crt'"),
         "2: ssl-cert: cannot read DIR/no.crt: No such file or directory" + hint},
        {with_tls("ssl-ca='.'"), "2: ssl-ca: cannot read DIR/: it is a directory" + hint},
        {with_tls("ssl-key-password-file='/no/pass'"),
         "2: ssl-key-password-file: cannot read /no/pass: No such file or directory" + hint},
        {with_tls("ssl-crl='x/../no.crl'"),
         "2: ssl-crl: cannot read DIR/no.crl: No such file or directory" + hint},
        {with_backend("ssl-ca='no.pem'"),
         "8: ssl-ca: cannot read DIR/no.pem: No such file or directory" + hint},
    });
}

TEST(LoadFaults, SettingsMustFitTogether) {
    std::string const ca_hint =
        " [ssl-ca names the authorities whose client certificates are accepted]";
    check({
        {with_tls("ssl-cert='a.crt'"),
         "2: ssl-cert without ssl-key [ssl-key names the certificate's key]"},
        {with_tls("ssl-key='a.key'"),
         "2: ssl-key without ssl-cert [ssl-cert names the key's certificate]"},
        {with_tls("ssl-cert=['a.crt','a.crt']\nssl-key='a.key'"),
         "3: ssl-cert and ssl-key name 2 and 1 files [one ssl-key for each ssl-cert, in the same "
         "order]"},
        {with_tls("ssl-crl='a.crt'"), "2: ssl-crl without ssl-ca" + ca_hint},
        {with_tls("revoked-sessions='close'"),
         "2: revoked-sessions = \"close\" without ssl-crl [ssl-crl names the lists that say who is "
         "revoked]"},
        {with_tls("revoked-sessions='cut'"),
         "2: revoked-sessions = \"cut\" is none of keep and close"},
        {with_tls("canary-cert='a.crt'"),
         "2: canary-cert without canary-key [canary-key names the certificate's key]"},
        {with_tls("canary-key='a.key'"),
         "2: canary-key without canary-cert [canary-cert names the key's certificate]"},
        {with_tls("canary-share=1.5"), "2: canary-share = 1.5 is out of range [from 0 to 1]"},
        {with_tls("canary-share='all'"), "2: canary-share is text where a number is wanted"},
        {with_tls("canary-limit=0"), "2: canary-limit = 0 is out of range [from 1 to 1000000]"},
        {with_tls("client-certificate='required'"),
         "2: client-certificate = \"required\" without ssl-ca" + ca_hint},
        {with_listener("client-certificate='required'"),
         "8: client-certificate = \"required\" without ssl-ca" + ca_hint},
        {with_tls("auto-tls=false"),
         "2: TLS is required but there is no certificate: no client could connect [set ssl-cert "
         "and "
         "ssl-key, or auto-tls = true]"},
        {with_backend("mirror='strict'\nssl-mode='DISABLED'"),
         "8: mirror = \"strict\" with ssl-mode = \"DISABLED\" [without TLS to the database there "
         "is "
         "nothing that mirrors the client's]"},
        {with_backend("[[account]]\nuser='u'\nrequire='TLS'\n"),
         "10: the clause has the unknown word TLS [NONE, SSL, X509, SUBJECT '...', ISSUER '...', "
         "CIPHER '...', as in MySQL's REQUIRE]"},
    });
}

TEST(LoadFaults, AFaultOfTlsIsToldOnceForAllListeners) {
    check({{with_tls("ssl-cert='a.crt'") +
                "[[listener]]\nname='m'\naddress='127.0.0.1:2'\nbackend='b'\n",
            "2: ssl-cert without ssl-key [ssl-key names the certificate's key]"}});
}

TEST(LoadFaults, WhatCouldNotBeReadIsNotJudged) {
    std::string const hint = " [relative paths start at the directory of the configuration file]";
    check({
        {with_tls("ssl-cert='no.crt'\nssl-key='a.key'"),
         "2: ssl-cert: cannot read DIR/no.crt: No such file or directory" + hint},
        {with_listener("ssl-cert='no.crt'\nssl-key='a.key'"),
         "8: ssl-cert: cannot read DIR/no.crt: No such file or directory" + hint},
    });
}

TEST(LoadFaults, AListenerMayCompleteWhatTlsBegins) {
    Scratch const scratch;
    for (char const* const name : {"a.crt", "a.key"}) scratch.write(name, "");
    EXPECT_EQ(faults_of(scratch, "[tls]\nauto-tls=false\nssl-cert='a.crt'\n" +
                                     with_listener("ssl-key='a.key'")),
              "loaded");
    EXPECT_EQ(faults_of(scratch, "[tls]\nssl-crl='a.crt'\n" + with_listener("ssl-ca='a.crt'")),
              "loaded");
}

TEST(LoadFaults, AreAllToldInTheFilesOrder) {
    check({{with("workers='x'\nzeal=1\n[tls]\nauto-tls=1\nssl-ca='no'\n"),
            "1: workers is text where an integer is wanted\n"
            "2: unknown key zeal [the top of the file takes data-dir, workers, io-method, tls, "
            "listener, "
            "backend, account, acme, limits, console and log]\n"
            "4: auto-tls is an integer where true or false is wanted\n"
            "5: ssl-ca: cannot read DIR/no: No such file or directory [relative paths start at the "
            "directory of the configuration file]"}});
}

TEST(LoadFaults, SyntaxErrorsComeWithLineAndColumn) {
    Scratch const scratch;
    EXPECT_EQ(faults_of(scratch, "workers = 1\nworkers = 2\n").substr(0, 2), "2:");
    EXPECT_EQ(faults_of(scratch, "\ndata-dir = \"x\n").substr(0, 2), "2:");
    EXPECT_EQ(faults_of(scratch, "data-dir = \"\xff\xfe\"\n").substr(0, 2), "1:");
    EXPECT_EQ(faults_of(scratch, std::string(100'000, '[')).substr(0, 2), "1:");
}

TEST(LoadFaults, TheFileItselfMustBeThere) {
    Scratch const scratch;
    std::string const file = (scratch.directory() / "no.toml").string();
    auto const absent = load(file);
    ASSERT_FALSE(absent);
    ASSERT_EQ(absent.error().size(), 1U);
    EXPECT_EQ(absent.error()[0].what,
              file + ": cannot read the configuration: No such file or directory");
    EXPECT_EQ(absent.error()[0].hint, "-c FILE names it");

    auto const directory = load(scratch.directory());
    ASSERT_FALSE(directory);
    EXPECT_EQ(directory.error().at(0).what,
              scratch.directory().string() + ": cannot read the configuration: Is a directory");
}

}  // namespace
}  // namespace sallyport::config
