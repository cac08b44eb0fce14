#include "gateway/front_leg.hpp"

#include "gateway/drive.hpp"

#include <array>

namespace sallyport::gateway {

FrontLeg::FrontLeg(tls::Poller& poller, int descriptor, Door const& door)
    : door_(door), stream_(poller, descriptor), client_(remote_end(descriptor)) {}

tls::Task<Result<void>> FrontLeg::open(mysql::Greeting greeting) {
    greeting.capabilities &= ~mysql::capability::ssl;
    if (door_.tls) greeting.capabilities |= mysql::capability::ssl;
    opening_.emplace(std::move(greeting));

    auto asked = co_await drive(*opening_, stream_);
    if (asked && *asked == wire::Ask::start_tls) {
        stage_ = Stage::handshake;
        auto const agreed = co_await stream_.handshake(door_.tls->make_ssl());
        if (!agreed) co_return agreed.error();
        secured_at_ = std::chrono::steady_clock::now();
        stage_ = Stage::login;
        asked = co_await drive(*opening_, stream_);
    }
    if (!asked) co_return asked.error();
    stage_ = Stage::login;
    has_login_ = true;
    if (door_.settings.tls.require_secure_transport && !stream_.is_tls() &&
        client_.family() != AF_UNIX)
        co_return Errc::tls_required;
    bool const needs_certificate =
        door_.settings.tls.client_certificate == config::ClientCertificate::required;
    if (needs_certificate && !stream_.peer().certificate) co_return Errc::certificate_required;
    co_return Result<void>();
}

tls::Task<> FrontLeg::refuse(mysql::ServerError error) {
    // Before the greeting the client has not said that it knows SQLSTATEs.
    if (!opening_)
        error.sql_state.clear();
    else if (error.sql_state.empty())
        error.sql_state = "HY000";
    auto const packet = mysql::make_packet(next_sequence(), mysql::write_error(error));
    auto const sent = co_await stream_.write_all(packet);
    if (sent) co_await leave(true);
}

tls::Task<> FrontLeg::leave(bool goodbye) {
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
