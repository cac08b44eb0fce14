#include "base/errc.hpp"

#include <array>
#include <string>

namespace sallyport {
namespace {

struct Entry {
    Errc code;
    std::string_view name;
    std::string_view sentence;
};

constexpr std::array entries{
    Entry{Errc::peer_closed, "peer_closed", "closed cleanly"},
    Entry{Errc::client_quit, "client_quit", "the client quit"},
    Entry{Errc::draining, "draining", "the gateway is stopping"},
    Entry{Errc::cancel_request, "cancel_request", "a request to cancel another session's query"},
    Entry{Errc::would_block, "would_block", "not ready"},
    Entry{Errc::peer_vanished, "peer_vanished", "left without a goodbye"},
    Entry{Errc::timed_out, "timed_out", "took too long"},
    Entry{Errc::network, "network", "network error"},
    Entry{Errc::backend_down, "backend_down", "no address of the backend could be reached"},
    Entry{Errc::malformed, "malformed", "bytes that do not follow the protocol"},
    Entry{Errc::too_large, "too_large", "a message before login is too large"},
    Entry{Errc::old_protocol, "old_protocol", "a version of the protocol that is not spoken here"},
    Entry{Errc::capabilities_changed, "capabilities_changed",
          "capabilities changed between SSLRequest and login"},
    Entry{Errc::unexpected_packet, "unexpected_packet", "a packet out of place"},
    Entry{Errc::tls_failed, "tls_failed", "the TLS handshake failed"},
    Entry{Errc::tls_no_agreement, "tls_no_agreement", "no TLS version or cipher in common"},
    Entry{Errc::tls_required, "tls_required", "plain text where TLS is required"},
    Entry{Errc::certificate_required, "certificate_required", "no client certificate"},
    Entry{Errc::certificate_untrusted, "certificate_untrusted", "the certificate does not verify"},
    Entry{Errc::certificate_revoked, "certificate_revoked",
          "the client's certificate has been revoked"},
    Entry{Errc::tls_unsupported, "tls_unsupported", "the backend offers no TLS"},
    Entry{Errc::tls_not_mirrored, "tls_not_mirrored",
          "the backend does not take the front leg's version or cipher"},
    Entry{Errc::no_application_protocol, "no_application_protocol",
          "direct TLS without the ALPN protocol \"postgresql\""},
    Entry{Errc::too_many_sessions, "too_many_sessions", "too many connections"},
    Entry{Errc::account_refused, "account_refused", "an account rule is not met"},
    Entry{Errc::backend_refused, "backend_refused", "the database refused the connection"},
    Entry{Errc::backend_incompatible, "backend_incompatible",
          "the backend lacks a capability that the greeting announced"},
    Entry{Errc::binding_not_relayed, "binding_not_relayed",
          "SCRAM channel binding cannot be relayed between two certificates"},
    Entry{Errc::binding_wrong, "binding_wrong",
          "the client's SCRAM channel binding is not to our certificate"},
    Entry{Errc::verifier_unavailable, "verifier_unavailable",
          "the SCRAM verifiers could not be asked for"},
    Entry{Errc::backend_unknown, "backend_unknown", "the backend was never reached"},
    Entry{Errc::file_unreadable, "file_unreadable", "cannot be read"},
    Entry{Errc::file_invalid, "file_invalid", "is not valid"},
    Entry{Errc::certificate_expired, "certificate_expired", "a certificate is not valid now"},
    Entry{Errc::key_mismatch, "key_mismatch", "the key does not belong to the certificate"},
    Entry{Errc::chain_incomplete, "chain_incomplete", "an intermediate certificate is missing"},
    Entry{Errc::address_in_use, "address_in_use", "the address is taken"},
};

Entry const& entry(Errc code) {
    for (auto const& candidate : entries)
        if (candidate.code == code) return candidate;
    static constexpr Entry unknown{Errc::network, "unknown", "unknown error"};
    return unknown;
}

class Category final : public boost::system::error_category {
 public:
    char const* name() const noexcept override { return "sallyport"; }
    std::string message(int value) const override {
        return std::string(describe(static_cast<Errc>(value)));
    }
};

}  // namespace

std::string_view describe(Errc code) {
    return entry(code).sentence;
}

std::string_view name(Errc code) {
    return entry(code).name;
}

std::string_view name(Leg leg) {
    return leg == Leg::front ? "front" : "back";
}

std::string_view name(Stage stage) {
    switch (stage) {
        case Stage::accept:
            return "accept";
        case Stage::opening:
            return "opening";
        case Stage::handshake:
            return "handshake";
        case Stage::login:
            return "login";
        case Stage::route:
            return "route";
        case Stage::dial:
            return "dial";
        case Stage::auth:
            return "auth";
        case Stage::relay:
            return "relay";
        case Stage::drain:
            return "drain";
    }
    return "unknown";
}

boost::system::error_category const& errc_category() {
    static Category const category;
    return category;
}

}  // namespace sallyport
