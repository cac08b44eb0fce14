#include "gateway/back_leg.hpp"

#include "gateway/deadline.hpp"
#include "gateway/drive.hpp"
#include "wire/proxy_header.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace sallyport::gateway {

BackLeg::BackLeg(tls::Poller& poller, Target const& target, std::chrono::milliseconds dial_limit)
    : poller_(poller), target_(target), dial_limit_(dial_limit) {}

tls::Task<Result<void>> BackLeg::dial(FrontLeg const& front) {
    stage_ = Stage::dial;
    detail_ = "no address could be resolved yet";
    for (Backend::Candidate const& candidate : target_.backend->candidates()) {
        auto const dialled = co_await dial(candidate, front);
        if (given_up_) co_return Errc::timed_out;
        if (dialled || dialled.error() == Errc::backend_refused) co_return dialled;
        target_.backend->failed(candidate.index, detail_);
    }
    co_return Errc::backend_down;
}

tls::Task<Result<void>> BackLeg::dial(Backend::Candidate const& candidate, FrontLeg const& front) {
    Result<void> outcome = Errc::backend_down;
    for (Endpoint const& endpoint : candidate.endpoints) {
        Deadline const clock(poller_.context(), dial_limit_,
                             [this] { stream_->socket().hang_up(); });
        outcome = co_await connect(endpoint);
        if (outcome) outcome = co_await greet(front);
        if (!outcome && clock.expired()) detail_ = "no answer in time";
        if (given_up_ || (!outcome && outcome.error() != Errc::backend_refused)) continue;
        candidate_ = candidate;
        if (outcome) detail_.clear();
        if (outcome) target_.backend->learned(candidate.index, greeting_);
        break;
    }
    co_return outcome;
}

tls::Task<Result<void>> BackLeg::connect(Endpoint const& endpoint) {
    int const descriptor =
        ::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        detail_ = error_code(errno, boost::system::system_category()).message();
        co_return Errc::network;
    }
    stream_.emplace(poller_, descriptor);
    auto const connected = co_await stream_->socket().connect(endpoint.get(), endpoint.size);
    if (!connected) detail_ = connected.error().message();
    co_return connected;
}

tls::Task<Result<void>> BackLeg::greet(FrontLeg const& front) {
    if (target_.settings.proxy_protocol) {
        auto const header =
            wire::write_proxy_header(front.client().storage, front.door_end().storage);
        auto const sent = co_await stream_->write_all(header);
        if (!sent) co_return sent.error();
    }
    mysql::BackGreeting dialogue;
    auto const read = co_await drive(dialogue, *stream_);
    if (!read) {
        detail_ = "no greeting: " + read.error().message();
        co_return read.error();
    }
    if (dialogue.error()) {
        refusal_ = dialogue.error();
        detail_ = refusal_->message;
        co_return Errc::backend_refused;
    }
    greeting_ = dialogue.greeting();
    co_return Result<void>();
}

tls::Task<Result<void>> BackLeg::log_in(FrontLeg const& front, mysql::Login login) {
    for (;;) {
        auto const wish = wish_for(front);
        auto const done = co_await log_in(front, login, wish);
        if (done || !may_differ(front, wish, done.error())) co_return done;
        // The backend cannot mirror this version or cipher. Remembered, so that the next session is
        // spared the attempt; the next wish is a wider one.
        target_.backend->refused(wish.version, wish.cipher);
        auto const again = co_await dial(*candidate_, front);
        if (!again) co_return again;
    }
}

tls::Task<Result<void>> BackLeg::log_in(FrontLeg const& front, mysql::Login const& login,
                                        tls::BackWish const& wish) {
    stage_ = Stage::handshake;
    auto const use_tls = decide_tls(front.stream().is_tls());
    if (!use_tls) co_return use_tls.error();
    mysql::BackLogin dialogue(login, *use_tls);
    auto asked = co_await drive(dialogue, *stream_);
    if (asked && *asked == wire::Ask::start_tls) {
        auto const agreed = co_await secure(front, wish);
        if (!agreed) co_return agreed;
        asked = co_await drive(dialogue, *stream_);
    }
    stage_ = Stage::auth;
    if (!asked) {
        detail_ = stream_->tls_error();
        co_return asked.error();
    }
    next_sequence_ = dialogue.next_sequence();
    co_return Result<void>();
}

/// The mirror's first row: plain stays plain, TLS stays TLS. ssl-mode says what to do where the
/// backend cannot; only mirror = "off" lets it decide alone.
Result<bool> BackLeg::decide_tls(bool front_is_tls) {
    auto const& settings = target_.settings;
    bool const is_offered = (greeting_.capabilities & mysql::capability::ssl) != 0;
    if (settings.mirror != config::MirrorMode::off && !front_is_tls) return false;
    if (target_.tls && is_offered) return true;
    detail_ = target_.tls ? "the backend offers no TLS" : "ssl-mode is DISABLED";
    if (settings.mirror == config::MirrorMode::strict) return Errc::tls_not_mirrored;
    bool const may_be_plain = settings.ssl_mode == config::SslMode::disabled ||
                              settings.ssl_mode == config::SslMode::preferred;
    if (may_be_plain) return false;
    return Errc::tls_unsupported;
}

tls::Task<Result<void>> BackLeg::secure(FrontLeg const& front, tls::BackWish wish) {
    identity::CredentialPtr credentials;
    tls::Identity shown;
    auto const& mirror = front.door().mirror;
    bool const is_mirrored = target_.settings.mirror != config::MirrorMode::off;
    if (is_mirrored && mirror && front.stream().peer().certificate) {
        auto const minted = mirror->credentials_for(front.chain());
        if (!minted) {
            detail_ = "mirror: " + minted.error().message();
            co_return minted.error();
        }
        credentials = *minted;
        shown = borrow(*credentials);
        wish.identity = &shown;
    }
    auto ssl = target_.tls->make_ssl(wish);
    if (!ssl) co_return ssl.error();
    auto const agreed = co_await stream_->handshake(std::move(*ssl));
    if (!agreed) detail_ = stream_->tls_error();
    bool const is_strict = target_.settings.mirror == config::MirrorMode::strict;
    if (!agreed && is_strict && agreed.error() == Errc::tls_no_agreement)
        co_return Errc::tls_not_mirrored;
    co_return agreed;
}

bool BackLeg::may_differ(FrontLeg const& front, tls::BackWish const& wish,
                         error_code const& error) const {
    // With the backend's own greeting the client has answered that very connection's scramble.
    return error == Errc::tls_no_agreement && !wish.version.empty() && !given_up_ &&
           target_.settings.mirror == config::MirrorMode::prefer &&
           front.door().settings.greeting == config::Greeting::own;
}

tls::BackWish BackLeg::wish_for(FrontLeg const& front) const {
    tls::BackWish wish;
    wish.server_name = target_.server_name(candidate_->index);
    auto const& peer = front.stream().peer();
    if (target_.settings.mirror == config::MirrorMode::off) return wish;
    bool const is_strict = target_.settings.mirror == config::MirrorMode::strict;
    Backend const& backend = *target_.backend;
    if (is_strict || !backend.refuses(peer.version, peer.cipher)) {
        wish.version = peer.version;
        wish.cipher = peer.cipher;
    } else if (!backend.refuses(peer.version, {})) {
        wish.version = peer.version;
    }
    return wish;
}

std::string BackLeg::address() const {
    return candidate_ ? candidate_->address.to_string() : "";
}

void BackLeg::hang_up() {
    given_up_ = true;
    if (stream_) stream_->socket().hang_up();
}

}  // namespace sallyport::gateway
