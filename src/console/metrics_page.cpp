#include "console/metrics_page.hpp"

#include "base/errc.hpp"
#include "console/prometheus_text.hpp"

#include <algorithm>
#include <array>

namespace sallyport::console {
namespace {

using Kind = PrometheusText::Kind;

constexpr std::array roles{
    gateway::Role::node,      gateway::Role::ca,      gateway::Role::client_ca,
    gateway::Role::client,    gateway::Role::chain,   gateway::Role::client_crl,
    gateway::Role::mirror_ca, gateway::Role::backend, gateway::Role::backend_ca};
constexpr std::array states{gateway::RenewalState::fresh, gateway::RenewalState::due,
                            gateway::RenewalState::overdue, gateway::RenewalState::expired};

/// Counters of sessions are named by the reason of their end.
bool is_reason(std::string_view counter) {
    for (int code = 1; code <= static_cast<int>(Errc::address_in_use); ++code)
        if (counter == name(static_cast<Errc>(code))) return true;
    return false;
}

void write_counters(PrometheusText& text, Counters const& counters, std::size_t sessions) {
    text.family("sallyport_sessions", Kind::gauge, "Sessions under way.");
    text.sample({}, static_cast<long long>(sessions));
    text.family("sallyport_sessions_ended_total", Kind::counter,
                "Sessions that have ended, by reason.");
    for (auto const& [counter, count] : counters)
        if (is_reason(counter)) text.sample({{"reason", counter}}, static_cast<long long>(count));
    // Shown from the beginning: an alert on its growth needs a first value.
    Counters others{{"failed_reloads", 0}};
    for (auto const& counter : counters) {
        if (is_reason(counter.first)) continue;
        if (counter.first == "failed_reloads")
            others.front() = counter;
        else
            others.push_back(counter);
    }
    for (auto const& [counter, count] : others) {
        text.family("sallyport_" + std::string(counter) + "_total", Kind::counter,
                    "Since the start of the gateway.");
        text.sample({}, static_cast<long long>(count));
    }
}

using Sightings = std::vector<gateway::Sighting>;

/// Digits of a fingerprint: 64 bits tell apart whatever one gateway can have in sight.
constexpr std::size_t fingerprint_digits = 16;

template <class Value>
void write_lives(PrometheusText& text, Sightings const& in_sight, std::string const& prefix,
                 std::string_view help, Value value) {
    // Role, subject and serial do not tell all of them apart: MySQL gives every auto-generated CA
    // the same name pattern and the serial number 1, and Prometheus takes no page with a series
    // twice.
    for (auto const role : roles) {
        auto const is_one = [&](gateway::Sighting const& what) { return what.role == role; };
        if (std::ranges::none_of(in_sight, is_one)) continue;
        text.family(prefix + std::string(name(role)), Kind::gauge, help);
        for (auto const& what : in_sight)
            if (is_one(what))
                text.sample({{"role", name(role)},
                             {"subject", what.subject},
                             {"serial", what.serial},
                             {"fingerprint", what.id.substr(0, fingerprint_digits)},
                             {"place", what.place}},
                            value(what));
    }
}

long long unix_seconds(pki::Time time) {
    return time.time_since_epoch().count();
}

using Renewals = std::vector<gateway::RenewalStatus>;

void write_renewals(PrometheusText& text, Renewals const& renewals) {
    if (renewals.empty()) return;
    text.family("sallyport_certificate_renewal_state", Kind::gauge,
                "1 for the state that the certificate is in, 0 for the others.");
    for (auto const& renewal : renewals)
        for (auto const state : states)
            text.sample({{"file", renewal.file}, {"state", name(state)}},
                        renewal.state == state ? 1 : 0);
    text.family("sallyport_certificate_renewal_due_timestamp_seconds", Kind::gauge,
                "When the renewal is to begin.");
    for (auto const& renewal : renewals)
        text.sample({{"file", renewal.file}}, unix_seconds(renewal.due));
    text.family("sallyport_certificate_renewal_failures", Kind::gauge,
                "Attempts that have failed since the certificate is due.");
    for (auto const& renewal : renewals) text.sample({{"file", renewal.file}}, renewal.failures);
    text.family("sallyport_certificate_renewals_total", Kind::counter,
                "Renewals that were done since the start of the gateway.");
    for (auto const& renewal : renewals)
        text.sample({{"file", renewal.file}}, static_cast<long long>(renewal.renewed));
}

}  // namespace

std::string metrics_page(Counters const& counters, std::size_t sessions,
                         gateway::CertificateReport const& certificates, pki::Time now) {
    PrometheusText text;
    write_counters(text, counters, sessions);
    write_lives(text, certificates.in_sight, "security_certificate_expiration_",
                "Unix time at which it expires.",
                [](gateway::Sighting const& what) { return unix_seconds(what.life.until); });
    write_lives(text, certificates.in_sight, "security_certificate_ttl_",
                "Seconds until it expires; 0 once it has.", [now](gateway::Sighting const& what) {
                    return std::max<long long>(0, (what.life.until - now).count());
                });
    write_renewals(text, certificates.renewals);
    return text.take();
}

}  // namespace sallyport::console
