#include "cli/demo/proof.hpp"

#include "cli/demo/failure.hpp"
#include "cli/demo/mariadb.hpp"
#include "cli/say.hpp"

#include <sstream>

namespace sallyport::cli {
namespace {

using Arguments = std::vector<std::string>;

/// More than connect-timeout: what the gateway cannot do in time shall be heard from the gateway.
constexpr milliseconds visit_limit = std::chrono::seconds(20);

/// First what the client's own library says of the connection, then what the database says.
constexpr char const* question =
    "status\n"
    "SELECT 'seen', CURRENT_USER(),"
    " (SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS"
    " WHERE VARIABLE_NAME = 'Ssl_version'),"
    " (SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS"
    " WHERE VARIABLE_NAME = 'Ssl_cipher');\n";

/// One visit that must be let in.
struct Visit {
    std::string what;
    std::string user;
    Arguments arguments;
    std::string version;  ///< what the database must call it; empty: whatever the client can do
};

/// One that must not, and the error that must tell so.
struct Refusal {
    std::string what;
    Arguments arguments;
    std::string error;
    std::string by;
};

Arguments operator+(Arguments all, Arguments const& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

std::string option(std::string_view name, auto const& value) {
    std::ostringstream text;
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::filesystem::path>)
        text << name << value.string();
    else
        text << name << value;
    return text.str();
}

Arguments address(DemoDoor const& door, std::string_view user) {
    return {"--host=127.0.0.1", option("--port=", door.port), option("--user=", user)};
}

Arguments verified_tls(DemoDoor const& door) {
    return {option("--ssl-ca=", door.pki.ca), "--ssl-verify-server-cert"};
}

/// The first line, which is all that the client says of an error.
std::string first_line(std::string const& text) {
    return text.substr(0, text.find('\n'));
}

/// The word after `label`, up to the end of the line or a comma.
std::string word_after(std::string const& text, std::string_view label) {
    auto const at = text.find(label);
    if (at == std::string::npos) return {};
    auto const start = at + label.size();
    return text.substr(start, text.find_first_of(",\n", start) - start);
}

void say(std::string_view what, std::string const& result) {
    constexpr std::size_t width = 44;
    std::string line = "  " + std::string(what);
    line.resize(std::max(line.size() + 2, width), ' ');
    out(line + result);
}

class Prover {
 public:
    Prover(std::filesystem::path const& client, StopSignals const& stop)
        : client_(client), stop_(stop) {}

    void let_in(Visit const& visit) const {
        auto const done = ask(visit.arguments);
        if (done.status != 0) throw wrong(visit.what, first_line(done.errors));
        auto const agreed = word_after(done.output, "Cipher in use is ");
        std::string user, version, cipher;
        std::istringstream seen(word_after(done.output, "seen\t"));
        seen >> user >> version >> cipher;
        if (!user.starts_with(visit.user + "@")) throw wrong(visit.what, "it is " + user);
        if (cipher.empty() || cipher != agreed)
            throw wrong(visit.what, "the client agreed on \"" + agreed + "\", the database saw \"" +
                                        cipher + "\"");
        if (!visit.version.empty() && version != visit.version)
            throw wrong(visit.what, "the database saw " + version);
        say(visit.what, "database saw " + user + ", " + version + ", " + cipher);
    }

    void refuse(Refusal const& refusal) const {
        auto const done = ask(refusal.arguments);
        auto const said = first_line(done.errors);
        if (done.status == 0) throw wrong(refusal.what, "it was let in");
        if (!said.starts_with(refusal.error)) throw wrong(refusal.what, said);
        say(refusal.what, refusal.by + " refused: " + refusal.error);
    }

 private:
    Outcome ask(Arguments const& arguments) const {
        return run({client_, arguments + Arguments{"--batch", "--skip-column-names"}, {}, question},
                   stop_, visit_limit);
    }

    static DemoFailure wrong(std::string const& what, std::string const& how) {
        return {"the proof failed at \"" + what + "\": " + how};
    }

    std::filesystem::path const& client_;
    StopSignals const& stop_;
};

}  // namespace

Arguments as_password_account(DemoDoor const& door) {
    return Arguments{option("--defaults-file=", door.password_options)} +
           address(door, demo_accounts::with_password) + verified_tls(door);
}

Arguments as_certificate_account(DemoDoor const& door) {
    return Arguments{"--no-defaults"} + address(door, demo_accounts::with_certificate) +
           verified_tls(door) +
           Arguments{option("--ssl-cert=", door.pki.client.certificate),
                     option("--ssl-key=", door.pki.client.key)};
}

void prove(DemoDoor const& door, std::filesystem::path const& client, StopSignals const& stop) {
    Prover const prover(client, stop);
    prover.let_in({"app, password", "app", as_password_account(door), {}});
    prover.let_in({"app, password, at most TLS 1.2", "app",
                   as_password_account(door) + Arguments{"--tls-version=TLSv1.2"}, "TLSv1.2"});
    prover.let_in({"cert, client certificate", "cert", as_certificate_account(door), {}});
    prover.refuse({"cert, without its certificate",
                   Arguments{"--no-defaults"} + address(door, demo_accounts::with_certificate) +
                       verified_tls(door),
                   "ERROR 1045", "database"});
    prover.refuse({"app, in plain text",
                   Arguments{option("--defaults-file=", door.password_options)} +
                       address(door, demo_accounts::with_password) + Arguments{"--skip-ssl"},
                   "ERROR 3159", "door"});
}

}  // namespace sallyport::cli
