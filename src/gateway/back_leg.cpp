#include "gateway/back_leg.hpp"

#include "base/metrics.hpp"
#include "net/deadline.hpp"
#include "wire/proxy_header.hpp"

#include <algorithm>

namespace sallyport::gateway {

BackLeg::BackLeg(net::Loop& loop, Target const& target, std::chrono::milliseconds dial_limit)
    : loop_(loop), target_(target), dial_limit_(dial_limit), link_(loop, target) {}

net::Task<Result<void>> BackLeg::dial(FrontLeg const& front, BackDialogue& dialogue) {
    stage_ = Stage::dial;
    detail_ = "no address could be resolved yet";
    for (Backend::Candidate const& candidate : target_.backend->candidates()) {
        auto const dialled = co_await dial(candidate, front, dialogue);
        if (link_.has_given_up()) co_return Errc::timed_out;
        if (dialled || dialled.error() == Errc::backend_refused) co_return dialled;
        target_.backend->failed(candidate.index, detail_);
    }
    co_return Errc::backend_down;
}

net::Task<Result<void>> BackLeg::dial(Backend::Candidate const& candidate, FrontLeg const& front,
                                      BackDialogue& dialogue) {
    Result<void> outcome = Errc::backend_down;
    for (Endpoint const& endpoint : candidate.endpoints) {
        net::Deadline const clock(loop_, dial_limit_, [this] { link_.drop(); });
        auto header =
            wire::write_proxy_header(front.client().storage(), front.door_end().storage());
        outcome = co_await link_.connect(endpoint, std::move(header));
        detail_ = link_.detail();
        if (outcome) {
            outcome = co_await dialogue.greet(link_.stream());
            detail_ = dialogue.detail();
        }
        if (!outcome && clock.expired()) detail_ = "no answer in time";
        bool const is_answered = outcome || outcome.error() == Errc::backend_refused;
        if (link_.has_given_up() || !is_answered) continue;
        index_ = candidate.index;
        endpoint_ = endpoint;
        if (auto const facts = dialogue.facts(); outcome && facts)
            target_.backend->learned(candidate.index, *facts);
        break;
    }
    co_return outcome;
}

net::Task<Result<void>> BackLeg::log_in(FrontLeg const& front, BackDialogue& dialogue) {
    for (;;) {
        auto const wish = wish_for(front);
        auto const done = co_await log_in(front, dialogue, wish);
        if (done || !may_differ(front, wish, done.error())) co_return done;
        // The backend cannot mirror this version or cipher. Remembered, so that the next session is
        // spared the attempt; the next wish is a wider one.
        target_.backend->refused(wish.version, wish.cipher);
        auto const same = candidate();
        auto const again = co_await dial(same, front, dialogue);
        if (!again) co_return again;
    }
}

net::Task<Result<void>> BackLeg::log_in(FrontLeg const& front, BackDialogue& dialogue,
                                        tls::BackWish const& wish) {
    stage_ = Stage::handshake;
    auto const is_plain = may_be_plain(front);
    if (!is_plain) co_return is_plain.error();
    if (!*is_plain) {
        auto const secured = co_await secure(front, dialogue, wish);
        if (!secured) co_return secured;
    }
    stage_ = Stage::auth;
    auto const sent = co_await dialogue.log_in(link_.stream());
    if (!sent) detail_ = link_.stream().tls_error();
    co_return sent;
}

/// The mirror's first row: plain stays plain, TLS stays TLS. True where TLS is not to be asked for
/// at all; only mirror = "off" leaves that to ssl-mode alone.
Result<bool> BackLeg::may_be_plain(FrontLeg const& front) {
    auto const& settings = target_.settings;
    if (settings.mirror != config::MirrorMode::off && !front.stream().is_tls()) return true;
    bool const has_none = target_.is_always_plain(*index_);
    if (target_.tls && !has_none) return false;
    detail_ = has_none ? "a Unix socket has no TLS" : "ssl-mode is DISABLED";
    if (settings.mirror == config::MirrorMode::strict) return Errc::tls_not_mirrored;
    return true;
}

net::Task<Result<void>> BackLeg::secure(FrontLeg const& front, BackDialogue& dialogue,
                                        tls::BackWish wish) {
    auto const& settings = target_.settings;
    auto const asked = co_await dialogue.ask_for_tls(link_.stream());
    if (!asked) {
        detail_ = dialogue.detail();
        co_return asked.error();
    }
    bool const is_strict = settings.mirror == config::MirrorMode::strict;
    if (*asked == TlsAnswer::none) {
        detail_ = "the backend offers no TLS";
        if (is_strict) co_return Errc::tls_not_mirrored;
        if (settings.ssl_mode != config::SslMode::preferred) co_return Errc::tls_unsupported;
        co_return Result<void>();
    }
    identity::CredentialPtr credentials;
    tls::Identity shown;
    auto const& mirror = front.door().mirror;
    bool const is_mirrored = settings.mirror != config::MirrorMode::off;
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
    auto const agreed = co_await link_.secure(wish);
    if (agreed) target_.backend->showed(*index_, chain_of(link_.stream().peer()));
    if (!agreed) detail_ = link_.detail();
    if (agreed && link_.stream().peer().resumed) metrics::count_resumed_back_leg();
    if (!agreed && is_strict && agreed.error() == Errc::tls_no_agreement)
        co_return Errc::tls_not_mirrored;
    co_return agreed;
}

bool BackLeg::may_differ(FrontLeg const& front, tls::BackWish const& wish,
                         error_code const& error) const {
    // With the backend's own greeting the client has answered that very connection's scramble.
    return error == Errc::tls_no_agreement && !wish.version.empty() && !link_.has_given_up() &&
           target_.settings.mirror == config::MirrorMode::prefer &&
           front.door().settings.greeting == config::Greeting::own;
}

tls::BackWish BackLeg::wish_for(FrontLeg const& front) const {
    tls::BackWish wish;
    wish.server_name = target_.server_name(*index_);
    wish.alpn = target_.alpn();
    // PostgreSQL gives no tickets, and its logins may be bound to the certificate that the server
    // has now, which a resumed session does not show.
    if (target_.settings.protocol == config::Protocol::mysql) wish.resume_at = place();
    auto const& peer = front.stream().peer();
    if (target_.settings.mirror == config::MirrorMode::off) return wish;
    bool const is_strict = target_.settings.mirror == config::MirrorMode::strict;
    Backend const& backend = *target_.backend;
    if (is_strict || !backend.refuses(std::string(peer.version), std::string(peer.cipher))) {
        wish.version = peer.version;
        wish.cipher = peer.cipher;
    } else if (!backend.refuses(std::string(peer.version), {})) {
        wish.version = peer.version;
    }
    return wish;
}

void BackLeg::hang_up() {
    link_.hang_up();
    if (companion_ != nullptr) companion_->hang_up();
}

std::string BackLeg::address() const {
    return index_ ? target_.backend->addresses().at(*index_).to_string() : "";
}

/// The configured address and what it resolved to: a session of one server is not another's.
std::string BackLeg::place() const {
    return address() + " " + endpoint_.to_string();
}

/// The address that answered, with its endpoints of now.
Backend::Candidate BackLeg::candidate() const {
    auto const all = target_.backend->candidates();
    return *std::ranges::find(all, *index_, &Backend::Candidate::index);
}

}  // namespace sallyport::gateway
