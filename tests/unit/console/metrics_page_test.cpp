#include "console/metrics_page.hpp"

#include "console/prometheus_text.hpp"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace sallyport::console {
namespace {

using namespace std::chrono_literals;

pki::Time const birth{std::chrono::sys_days(std::chrono::year(2026) / 1 / 1)};

bool has(std::string const& page, std::string const& line) {
    return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

TEST(MetricsPage, HasCountersOfSessionsByReason) {
    auto const page = metrics_page(
        {{"client_quit", 7}, {"failed_reloads", 2}, {"canary_alerts", 3}}, 5, {}, birth);
    EXPECT_TRUE(has(page, "sallyport_sessions 5")) << page;
    EXPECT_TRUE(has(page, "sallyport_sessions_ended_total{reason=\"client_quit\"} 7"));
    EXPECT_TRUE(has(page, "sallyport_failed_reloads_total 2"));
    EXPECT_TRUE(has(page, "sallyport_canary_alerts_total 3"));
    EXPECT_TRUE(has(page, "# TYPE sallyport_sessions_ended_total counter"));
}

TEST(MetricsPage, CountersThatAlertsWatchAreThereFromTheBeginning) {
    EXPECT_TRUE(has(metrics_page({}, 0, {}, birth), "sallyport_failed_reloads_total 0"));
}

TEST(MetricsPage, HasTheLifeOfEachCertificate) {
    gateway::CertificateReport report;
    report.in_sight = {
        {gateway::Role::node,
         "front",
         "CN=\"a\\b\"",
         "0A",
         "0123456789abcdef01",
         {birth, birth + 90h}},
        {gateway::Role::client_ca, "front", "CN=ca", "01", "i2", {birth, birth + 9h}}};
    auto const page = metrics_page({}, 0, report, birth + 10h);
    auto const labels = R"({role="node",subject="CN=\"a\\b\"",serial="0A",)"
                        R"(fingerprint="0123456789abcdef",place="front"} )";
    auto const end = (birth + 90h).time_since_epoch().count();
    EXPECT_TRUE(has(
        page, "security_certificate_expiration_node" + std::string(labels) + std::to_string(end)))
        << page;
    EXPECT_TRUE(has(page, "security_certificate_ttl_node" + std::string(labels) + "288000"));
    EXPECT_TRUE(has(page,
                    "security_certificate_ttl_client_ca{role=\"client_ca\",subject=\"CN=ca\","
                    "serial=\"01\",fingerprint=\"i2\",place=\"front\"} 0"));
}

TEST(MetricsPage, TellsCertificatesOfEqualNameAndSerialApart) {
    gateway::CertificateReport report;
    for (auto const* const id : {"aaaa", "bbbb"})
        report.in_sight.push_back(
            {gateway::Role::backend_ca, "db", "CN=MySQL CA", "01", id, {birth, birth + 9h}});
    std::istringstream page(metrics_page({}, 0, report, birth));
    std::set<std::string> series;
    for (std::string line; std::getline(page, line);)
        EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
}

TEST(MetricsPage, HasOneStateForEachRenewal) {
    gateway::CertificateReport report;
    report.renewals = {{"server.crt", gateway::RenewalState::overdue, birth, 4, 2}};
    auto const page = metrics_page({}, 0, report, birth);
    auto const state = [](std::string const& name) {
        return "sallyport_certificate_renewal_state{file=\"server.crt\",state=\"" + name + "\"} ";
    };
    EXPECT_TRUE(has(page, state("overdue") + "1"));
    for (auto const* other : {"fresh", "due", "expired"})
        EXPECT_TRUE(has(page, state(other) + "0"));
    EXPECT_TRUE(has(page, "sallyport_certificate_renewal_failures{file=\"server.crt\"} 4"));
    EXPECT_TRUE(has(page, "sallyport_certificate_renewals_total{file=\"server.crt\"} 2"));
}

TEST(PrometheusText, LabelsMayBeAnyText) {
    PrometheusText text;
    text.family("x", PrometheusText::Kind::gauge, "Help.");
    text.sample({{"a", "line\nbreak \"quoted\" back\\slash"}}, -1);
    EXPECT_EQ(
        text.take(),
        "# HELP x Help.\n# TYPE x gauge\nx{a=\"line\\nbreak \\\"quoted\\\" back\\\\slash\"} -1\n");
}

}  // namespace
}  // namespace sallyport::console
