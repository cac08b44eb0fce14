#include "gateway/front_leg.hpp"

#include <array>

namespace sallyport::gateway {

FrontLeg::FrontLeg(net::Loop& loop, int descriptor, Door const& door)
    : door_(door), stream_(loop, descriptor), client_(remote_end(descriptor)) {}

net::Task<Result<void>> FrontLeg::secure(bool requires_alpn) {
    stage_ = Stage::handshake;
    auto const agreed = co_await stream_.handshake(door_.tls->make_ssl(requires_alpn));
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

identity::Chain FrontLeg::chain() const {
    auto const& peer = stream_.peer();
    identity::Chain chain;
    for (auto const& link : peer.chain) chain.emplace_back(tls::share(link.get()));
    if (chain.empty() && peer.certificate && door_.mirror)
        chain = door_.mirror->chain_of(pki::Certificate(tls::share(peer.certificate.get())));
    return chain;
}

}  // namespace sallyport::gateway
