#include "gateway/account_rules.hpp"

#include "pki/certificate.hpp"

#include <algorithm>

namespace sallyport::gateway {
namespace {

bool meets(config::AccountRule const& rule, tls::Peer const& peer) {
    if (rule.ssl && peer.version.empty()) return false;
    if (!rule.cipher.empty() && rule.cipher != peer.cipher) return false;
    bool const wants_certificate = rule.x509 || !rule.subject.empty() || !rule.issuer.empty();
    if (!wants_certificate) return true;
    // The handshake has verified it: there is none that is not trusted.
    if (!peer.certificate) return false;
    pki::Certificate const certificate(tls::share(peer.certificate.get()));
    if (!rule.subject.empty() && rule.subject != certificate.subject_oneline()) return false;
    return rule.issuer.empty() || rule.issuer == certificate.issuer_oneline();
}

}  // namespace

bool meets_rules(std::vector<config::AccountRule> const& rules, std::string const& backend,
                 std::string const& user, tls::Peer const& peer) {
    return std::all_of(rules.begin(), rules.end(), [&](config::AccountRule const& rule) {
        bool const applies = rule.user == user && (rule.backend.empty() || rule.backend == backend);
        return !applies || meets(rule, peer);
    });
}

}  // namespace sallyport::gateway
