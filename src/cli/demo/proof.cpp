#include "cli/demo/proof.hpp"

#include "cli/demo/failure.hpp"
#include "cli/demo/paste.hpp"
#include "cli/say.hpp"

#include <algorithm>
#include <array>
#include <sstream>

namespace sallyport::cli {
namespace {

/// More than connect-timeout: what the gateway cannot do in time shall be heard from the gateway.
constexpr milliseconds visit_limit = std::chrono::seconds(20);

/// The first line, which has all that a client says of an error, but for advice.
std::string first_line(std::string const& text) {
    return text.substr(0, text.find('\n'));
}

/// What stands after `label`, up to one of `ends` or the end of the line.
std::string text_after(std::string const& text, std::string const& label, std::string ends) {
    auto const at = text.find(label);
    if (at == std::string::npos) return {};
    auto const start = at + label.size();
    return text.substr(start, text.find_first_of(ends += '\n', start) - start);
}

/// The database's answer to the question.
struct Sight {
    std::string user, version, cipher, subject;

    std::string to_string() const {
        return user + ", " + version + ", " + cipher + (subject.empty() ? "" : ", " + subject);
    }
};

Sight read_sight(std::string const& output) {
    Sight sight;
    std::istringstream row(text_after(output, "seen\t", ""));
    for (auto* part : std::array{&sight.user, &sight.version, &sight.cipher, &sight.subject})
        std::getline(row, *part, '\t');
    return sight;
}

void say(std::string const& what, std::string const& result) {
    constexpr std::size_t width = 44;
    std::string line = "  " + what;
    line.resize(std::max(line.size() + 2, width), ' ');
    out(line + result);
}

class Prover {
 public:
    Prover(DemoClient const& client, StopSignals const& stop) : client_(client), stop_(stop) {}

    void let_in(DemoVisit const& visit) const {
        auto const done = ask(visit.arguments);
        if (done.status != 0) throw wrong(visit.what, first_line(done.errors));
        std::string agreed;
        for (auto const& label : client_.before_cipher)
            agreed += text_after(done.output, label, ",");
        auto const seen = read_sight(done.output);
        if (seen.user != visit.user) throw wrong(visit.what, "it is " + seen.user);
        if (seen.cipher.empty() || seen.cipher != agreed)
            throw wrong(visit.what, "the client agreed on \"" + agreed + "\", the database saw \"" +
                                        seen.cipher + "\"");
        bool const is_as_told = (visit.version.empty() || seen.version == visit.version) &&
                                seen.subject == visit.subject;
        if (!is_as_told) throw wrong(visit.what, "the database saw " + seen.to_string());
        say(visit.what, "database saw " + seen.to_string());
    }

    void refuse(DemoRefusal const& refusal) const {
        auto const done = ask(refusal.arguments);
        auto const said = first_line(done.errors);
        if (done.status == 0) throw wrong(refusal.what, "it was let in");
        if (said.find(refusal.error) == std::string::npos) throw wrong(refusal.what, said);
        say(refusal.what, refusal.by + " refused: " + refusal.error);
    }

 private:
    Outcome ask(Arguments const& arguments) const {
        return run({client_.program, arguments + client_.manner, {}, client_.question}, stop_,
                   visit_limit);
    }

    DemoFailure wrong(std::string const& what, std::string const& how) const {
        return {"the proof for " + client_.database + " failed at \"" + what + "\": " + how};
    }

    DemoClient const& client_;
    StopSignals const& stop_;
};

}  // namespace

void prove(DemoClient const& client, StopSignals const& stop) {
    Prover const prover(client, stop);
    out(client.database + " at 127.0.0.1:" + std::to_string(client.ports.door));
    for (auto const& visit : client.visits) prover.let_in(visit);
    for (auto const& refusal : client.refusals) prover.refuse(refusal);
}

}  // namespace sallyport::cli
