#include "gateway/session.hpp"

#include "gateway/account_rules.hpp"
#include "gateway/mysql/session.hpp"
#include "gateway/postgres/session.hpp"

#include <utility>

namespace sallyport::gateway {

std::unique_ptr<Session> Session::make(Surroundings const& surroundings, Arrival const& arrival) {
    if (arrival.door->settings.protocol == config::Protocol::postgres)
        return std::make_unique<PostgresSession>(surroundings, arrival);
    return std::make_unique<MysqlSession>(surroundings, arrival);
}

Session::Session(Surroundings const& surroundings, Arrival const& arrival)
    : surroundings_(surroundings),
      world_(arrival.world),
      door_(arrival.door),
      front_(surroundings.loop, arrival.descriptor, *door_),
      back_(surroundings.loop, *door_->target, world_->config().limits.dial_timeout),
      is_one_too_many_(arrival.is_one_too_many) {
    record_.listener = door_->settings.name;
    record_.backend = door_->settings.backend;
    record_.client = front_.client().to_string();
}

net::Task<> Session::run() {
    // One clock covers everything before the relay of commands: an unproven client cannot hold its
    // place longer than this, whichever step it stalls in.
    login_clock_ = std::make_unique<net::Deadline>(
        surroundings_.loop, world_->config().limits.connect_timeout, [this] { hang_up(); });
    auto const opened = co_await open();
    remember_front();
    if (opened) {
        record_.backend_resumed = back_.stream().peer().resumed;
        forget_peers();
        start_relay();
        // The lists may have changed since the handshake looked into those of its own World.
        end_if_revoked();
        while (!relay_->is_over()) co_await relay_->turn();
        remember_relay();
    } else {
        co_await turn_away(opened.error());
    }
    add_hint();
}

net::Task<> Session::await_first_check() {
    Backend const& backend = *door_->target->backend;
    while (!backend.was_reached() && !backend.was_tried() && !is_hung_up() && !back_.has_given_up())
        co_await net::rest(surroundings_.loop, first_check_poll);
}

bool Session::has_account_rules() const {
    return door_->target->settings.mirror == config::MirrorMode::off &&
           !world_->config().accounts.empty();
}

Result<void> Session::judge_account(std::string const& user) const {
    bool const is_met =
        !has_account_rules() || meets_rules(world_->config().accounts, door_->settings.backend,
                                            user, front_.stream().peer());
    if (!is_met) return Errc::account_refused;
    return {};
}

net::Task<> Session::turn_away(error_code why) {
    bool const is_late = login_clock_->expired();
    auto const stage = active_ == Leg::front ? front_.stage() : back_.stage();
    auto reason =
        why.category() == errc_category() ? static_cast<Errc>(why.value()) : Errc::network;
    if (is_cut_) reason = Errc::draining;
    if (is_late) reason = Errc::timed_out;
    record_.ending = {active_, reason == Errc::too_many_sessions ? Stage::accept : stage, reason};
    if (record_.detail.empty())
        record_.detail = active_ == Leg::back ? back_.detail() : front_.detail();
    if (reason == Errc::backend_unknown) record_.detail = door_->target->backend->trouble();
    if (is_hung_up()) co_return;
    // A new clock: the client that reads slowly, or not at all, is not waited for.
    login_clock_ =
        std::make_unique<net::Deadline>(surroundings_.loop, world_->config().limits.linger_timeout,
                                        [this] { front_.stream().socket().hang_up(); });
    auto told = refusal(record_.ending);
    if (told)
        co_await front_.refuse(std::move(*told));
    else
        co_await front_.leave(false);
}

void Session::start_relay() {
    watch_ = watch();
    if (watch_->logged_in()) on_login();
    relay_.emplace(Relay::Legs{front_.stream(), back_.stream()}, surroundings_.scratch,
                   world_->config().limits.linger_timeout, *watch_,
                   static_cast<RelayEvents&>(*this));
}

void Session::remember_relay() {
    record_.ending = relay_->ending();
    record_.bytes_in += relay_->bytes_in();
    record_.bytes_out += relay_->bytes_out();
    if (auto const text = watch_->refusal_text(); !text.empty()) record_.detail = text;
    if (record_.detail.empty())
        record_.detail = record_.ending.leg == Leg::front ? front_.stream().tls_error()
                                                          : back_.stream().tls_error();
}

/// The likeliest reason why a mirrored certificate is refused. In TLS 1.3 a server judges it when
/// the client thinks that it is done, and its alert may be lost where it closes with our login
/// unread.
void Session::add_hint() {
    auto const& ending = record_.ending;
    bool const is_refusal =
        ending.reason == Errc::tls_failed || ending.reason == Errc::peer_vanished;
    bool const is_unanswered =
        ending.leg == Leg::back && ending.stage == Stage::auth && record_.bytes_out == 0;
    if (is_refusal && is_unanswered && !record_.client_subject.empty())
        record_.detail += " (does the database trust what `sallyport mirror-ca` prints?)";
}

void Session::remember_front() {
    auto const& peer = front_.stream().peer();
    record_.sni = peer.sni;
    record_.tls_version = peer.version;
    record_.tls_cipher = peer.cipher;
    record_.resumed = peer.resumed;
    record_.secured = front_.secured_at();
    record_.chain = front_.judge_chain();
    if (peer.certificate) {
        pki::Certificate const certificate(tls::share(peer.certificate.get()));
        record_.client_subject = certificate.subject_oneline();
        record_.client_serial = certificate.serial();
        record_.client_fingerprint = certificate.fingerprint();
        door_->clients->saw(certificate, door_->settings.name);
    }
    record_.backend_address = back_.address();
}

/// Gives back what nobody asks for in a session that relays.
void Session::forget_peers() {
    back_.stream().forget_peer();
    // A certificate may be revoked; and account rules are asked again when the user changes.
    if (!front_.stream().peer().certificate && !has_account_rules()) front_.stream().forget_peer();
}

void Session::on_login() {
    record_.logged_in = SessionRecord::Clock::now();
    login_clock_.reset();
}

/// As much as the socket takes at once, which is all of it unless the client has stopped reading.
void Session::tell(Ending const& ending) {
    if (auto const message = refusal(ending))
        static_cast<void>(front_.stream().try_write(*message));
}

/// The login clock has run out. Whoever kept the session waiting, the client is told.
void Session::hang_up() {
    if (relay_) {
        Ending const late{watch_->awaited(), Stage::auth, Errc::timed_out};
        tell(late);
        relay_->hang_up(late);
    } else if (active_ == Leg::front) {
        tell({Leg::front, front_.stage(), Errc::timed_out});
        front_.stream().finish(true);
        front_.stream().socket().hang_up();
    }
    back_.hang_up();
}

void Session::cut() {
    is_cut_ = true;
    if (relay_) relay_->hang_up({Leg::front, Stage::drain, Errc::draining});
    front_.stream().socket().hang_up();
    back_.hang_up();
}

void Session::end_if_revoked() {
    auto const& lists = surroundings_.revocations;
    // Before the relay there is nothing to end: run() asks again when it starts.
    if (!lists || !relay_ || !front_.stream().peer().certificate) return;
    auto chain = front_.chain();
    // A resumed session's chain may be forgotten; its leaf is always there.
    if (chain.empty()) chain.emplace_back(tls::share(front_.stream().peer().certificate.get()));
    if (!lists->revoke(record_.listener, chain)) return;
    relay_->hang_up({Leg::front, Stage::relay, Errc::certificate_revoked});
    back_.hang_up();
}

}  // namespace sallyport::gateway
