// [console], and the CA of [tls] that renews.
#include "unit/config/told.hpp"

#include <gtest/gtest.h>

namespace sallyport::config {
namespace {

constexpr char doors[] =
    "[[listener]]\nname='plain'\naddress='127.0.0.1:1'\nbackend='b'\nauto-tls=false\n"
    "require-secure-transport=false\n"
    "[[listener]]\nname='front'\naddress='127.0.0.1:2'\nbackend='b'\n"
    "[[backend]]\nname='b'\naddresses=['db:1']\n";

Console loaded(Scratch const& scratch, std::string const& text) {
    auto const result = load(scratch.write("a.toml", text + "\n" + doors));
    if (!result) throw std::runtime_error(result.error().front().what);
    return result->config.console;
}

TEST(LoadConsole, IsOffUnlessItHasAnAddress) {
    Scratch const scratch;
    EXPECT_FALSE(loaded(scratch, "").address);
    EXPECT_FALSE(loaded(scratch, "[console]").address);
}

TEST(LoadConsole, ShowsTheFirstCertificateThereIs) {
    Scratch const scratch;
    auto const console = loaded(scratch, "[console]\naddress='[::1]:8443'\ntrust-dir='.'");
    EXPECT_EQ(console.address->to_string(), "[::1]:8443");
    EXPECT_EQ(console.listener, "front");
    EXPECT_EQ(console.trust_dir, scratch.directory() / "");
}

TEST(LoadConsole, FaultsAreToldAtTheirLines) {
    Scratch const scratch;
    auto const faults = [&](std::string const& text) {
        return faults_of(scratch, "[console]\n" + text + "\n" + doors);
    };
    EXPECT_EQ(faults("address='unix:/run/c'").substr(0, 63),
              "2: the console is served over HTTPS, which needs a host and a p");
    EXPECT_EQ(faults("address='127.0.0.1:2'"),
              "2: the listener \"front\" has this port, at 127.0.0.1:2 [one of them must move]\n");
    EXPECT_EQ(faults("address='0.0.0.0:2'"),
              "2: the listener \"front\" has this port, at 127.0.0.1:2 [one of them must move]\n");
    EXPECT_EQ(faults("address='127.0.0.1:3'\nlistener='nobody'"),
              "3: there is no [[listener]] named \"nobody\"\n");
    EXPECT_EQ(faults("address='127.0.0.1:3'\nlistener='plain'").substr(0, 60),
              "3: the listener \"plain\" has no certificate to show [name one");
    EXPECT_EQ(faults("address='127.0.0.1:3'\ntrust-dir='nowhere'").substr(0, 45),
              "3: trust-dir: DIR/nowhere is no directory [re");
    EXPECT_EQ(faults("adress='127.0.0.1:3'"), "2: unknown key adress [did you mean address?]\n");
}

TEST(LoadConsole, IsNotWhereAcmeAnswersItsChallenge) {
    Scratch const scratch;
    auto const faults = [&](std::string const& challenge, std::string const& console) {
        return faults_of(scratch, "[console]\naddress='" + console +
                                      "'\n[acme]\ndirectory-url='https://ca/dir'\n"
                                      "contact='a@b.test'\ndomains=['db.test']\naddress='" +
                                      challenge + "'\n" + doors);
    };
    for (std::string const console : {"127.0.0.1:80", "0.0.0.0:80", "[::]:80"})
        EXPECT_EQ(faults("127.0.0.1:80", console),
                  "2: [acme] answers the challenge at this port, 127.0.0.1:80 [one of them must "
                  "move]\n");
    EXPECT_EQ(faults("127.0.0.1:80", "127.0.0.2:80"), "loaded");
    EXPECT_EQ(faults("127.0.0.1:80", "127.0.0.1:81"), "loaded");
}

TEST(LoadConsole, ADirectoryWithoutAnAddressIsAWarning) {
    Scratch const scratch;
    auto const told = warnings_of(scratch, std::string("[console]\ntrust-dir='.'\n") + doors);
    EXPECT_EQ(told.substr(0, 51), "2: trust-dir without address: there is no console [");
}

TEST(LoadTlsAuthority, NeedsItsKeyAndSomethingToRenew) {
    Scratch const scratch;
    scratch.write("a.pem", "");
    auto const faults = [&](std::string const& text) {
        return faults_of(scratch, "[tls]\n" + text + "\n" + doors);
    };
    EXPECT_EQ(faults("ca-cert='a.pem'").substr(0, 25), "2: ca-cert without ca-key");
    EXPECT_EQ(faults("ca-key='a.pem'").substr(0, 25), "2: ca-key without ca-cert");
    EXPECT_EQ(faults("ca-key='a.pem'\nca-cert='a.pem'").substr(0, 27),
              "3: ca-cert without ssl-cert");
}

}  // namespace
}  // namespace sallyport::config
