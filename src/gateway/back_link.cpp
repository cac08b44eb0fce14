#include "gateway/back_link.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace sallyport::gateway {

std::vector<pki::Certificate> chain_of(tls::Peer const& peer) {
    std::vector<pki::Certificate> chain;
    for (auto const& link : peer.chain) chain.emplace_back(tls::share(link.get()));
    if (chain.empty() && peer.certificate) chain.emplace_back(tls::share(peer.certificate.get()));
    return chain;
}

net::Task<Result<void>> BackLink::connect(Endpoint const& endpoint, Buffer proxy_header) {
    detail_.clear();
    if (has_given_up_) co_return Errc::timed_out;
    int const descriptor =
        ::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        detail_ = error_code(errno, boost::system::system_category()).message();
        co_return Errc::network;
    }
    stream_.emplace(loop_, descriptor);
    auto const connected = co_await stream_->socket().connect(endpoint.get(), endpoint.size());
    if (!connected) {
        detail_ = connected.error().message();
        co_return connected;
    }
    if (!target_.settings.proxy_protocol) co_return connected;
    auto const sent = co_await stream_->write_all(proxy_header);
    if (!sent) detail_ = "PROXY header: " + sent.error().message();
    co_return sent;
}

net::Task<Result<void>> BackLink::secure(tls::BackWish const& wish) {
    auto ssl = target_.tls->make_ssl(wish);
    if (!ssl) {
        detail_ = ssl.error().message();
        co_return ssl.error();
    }
    auto const agreed = co_await stream_->handshake(std::move(*ssl));
    bool const is_direct = target_.settings.negotiation == config::Negotiation::direct;
    if (!agreed) {
        detail_ = stream_->tls_error();
        if (detail_.empty()) detail_ = agreed.error().message();
        // What a server does that takes the ClientHello for a StartupMessage.
        bool const is_unanswered =
            agreed.error() == Errc::peer_closed || agreed.error() == Errc::peer_vanished;
        if (is_direct && is_unanswered) detail_ += " (PostgreSQL takes direct TLS from 17 on)";
        co_return agreed;
    }
    if (is_direct && stream_->peer().alpn.empty()) {
        detail_ = "the backend does not answer ALPN: it takes no direct TLS";
        co_return Errc::no_application_protocol;
    }
    co_return agreed;
}

void BackLink::hang_up() {
    has_given_up_ = true;
    drop();
}

void BackLink::drop() {
    if (stream_) stream_->socket().hang_up();
}

}  // namespace sallyport::gateway
