#include "gateway/front_leg.hpp"

#include "base/metrics.hpp"

#include <array>

namespace sallyport::gateway {

FrontLeg::FrontLeg(net::Loop& loop, int descriptor, Door const& door)
    : door_(door), stream_(loop, descriptor), client_(remote_end(descriptor)) {}

net::Task<Result<void>> FrontLeg::secure(bool requires_alpn) {
    stage_ = Stage::handshake;
    is_canary_ = door_.canary && door_.canary->is_next();
    auto const& context = is_canary_ ? *door_.canary_tls : *door_.tls;
    auto const agreed = co_await stream_.handshake(context.make_ssl(requires_alpn));
    if (!agreed) co_return agreed;
    secured_at_ = std::chrono::steady_clock::now();
    stage_ = Stage::login;
    co_return agreed;
}

Result<void> FrontLeg::judge() const {
    auto const& demands = door_.settings.tls;
    if (demands.require_secure_transport && !stream_.is_tls() && client_.family() != AF_UNIX)
        return Errc::tls_required;
    bool const needs_certificate =
        demands.client_certificate == config::ClientCertificate::required;
    if (needs_certificate && !stream_.peer().certificate) return Errc::certificate_required;
    return {};
}

net::Task<> FrontLeg::refuse(Buffer message) {
    auto const sent = co_await stream_.write_all(message);
    if (sent) co_await leave(true);
}

net::Task<> FrontLeg::leave(bool goodbye) {
    stream_.finish(goodbye);
    // Closing with bytes unread makes the kernel send a reset, which can overtake the error or the
    // alert on its way. So the rest is read and thrown away; the session's clock bounds how long.
    std::array<std::byte, 512> rest;
    for (;;) {
        auto const got = stream_.socket().receive(rest);
        if (got) continue;
        if (got.error() != Errc::would_block) co_return;
        co_await stream_.socket().ready();
    }
}

std::string_view FrontLeg::judge_chain() const {
    if (!stream_.is_tls()) return {};
    // The canary's context has the main certificate too, for key types that the canary lacks.
    auto const& shown = stream_.peer().shown;
    bool const is_canary = is_canary_ && shown && door_.is_of_canary(*shown);
    if (is_canary && secured_at_ != std::chrono::steady_clock::time_point{})
        metrics::count_canary_handshake();
    if (stream_.is_chain_refused()) {
        metrics::count_refused_chain(is_canary);
        if (is_canary) door_.canary->refused(stream_.tls_error());
    }
    return is_canary ? "canary" : "main";
}

identity::Chain FrontLeg::chain() const {
    auto const& peer = stream_.peer();
    identity::Chain chain;
    for (auto const& link : peer.chain) chain.emplace_back(tls::share(link.get()));
    if (chain.empty() && peer.certificate && door_.mirror)
        chain = door_.mirror->chain_of(pki::Certificate(tls::share(peer.certificate.get())));
    return chain;
}

}  // namespace sallyport::gateway
