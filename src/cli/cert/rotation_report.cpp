#include "cli/cert/rotation_report.hpp"

#include "cli/say.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <ctime>

namespace sallyport::cli::cert {
namespace {

using Json = nlohmann::ordered_json;

std::string as_text(pki::Time time) {
    std::time_t const seconds = std::chrono::system_clock::to_time_t(time);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, sizeof "2026-11-22T15:00:00Z"> text{};
    auto const size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return {text.data(), size};
}

Json as_json(std::optional<pki::Certificate> const& ca) {
    if (!ca) return nullptr;
    return {{"subject", ca->subject()},
            {"fingerprint", ca->fingerprint()},
            {"not-after", as_text(ca->not_after())}};
}

void say_json(RotationReport const& report) {
    Json authorities = Json::array();
    for (auto const& ca : report.authorities)
        authorities.push_back({{"name", ca.name},
                               {"phase", ca.phase},
                               {"old-ca", as_json(ca.old_ca)},
                               {"next-ca", as_json(ca.next_ca)}});
    Json leaves = Json::array();
    for (auto const& leaf : report.leaves)
        leaves.push_back({{"name", leaf.name}, {"state", leaf.state}});
    Json next = Json::array();
    for (auto const& step : report.next) next.push_back({{"who", step.who}, {"what", step.what}});
    Json const json{
        {"phase", report.phase}, {"authorities", authorities}, {"leaves", leaves}, {"next", next}};
    // Names in certificates need not be UTF-8; that must not end the command.
    out(json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void line(std::string_view key, std::string_view value) {
    constexpr std::size_t width = 12;
    std::string text(key);
    text.resize(std::max(text.size() + 1, width), ' ');
    out(text + std::string(value));
}

void say_ca(std::string_view which, std::optional<pki::Certificate> const& ca) {
    constexpr std::size_t telling = 16;  // Characters of a fingerprint that a person compares.
    if (!ca) return;
    line(which, ca->subject() + ", " + ca->fingerprint().substr(0, telling) + ", until " +
                    as_text(ca->not_after()));
}

}  // namespace

void say(RotationReport const& report, std::string_view format) {
    if (format == "json") return say_json(report);
    line("phase", report.phase);
    for (auto const& ca : report.authorities) {
        line("CA", ca.name + ": " + ca.phase);
        say_ca("  old", ca.old_ca);
        say_ca("  next", ca.next_ca);
    }
    for (auto const& leaf : report.leaves) line("leaf", leaf.name + ": " + leaf.state);
    for (auto const& step : report.next) line("next", step.who + ": " + step.what);
}

}  // namespace sallyport::cli::cert
