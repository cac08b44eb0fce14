#include "gateway/session.hpp"

#include "gateway/account_rules.hpp"
#include "gateway/greeting.hpp"
#include "gateway/refusal.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace sallyport::gateway {
namespace {

constexpr auto compression = mysql::capability::compress | mysql::capability::zstd_compression;

}  // namespace

Session::Session(Surroundings const& surroundings, Arrival const& arrival)
    : surroundings_(surroundings),
      world_(arrival.world),
      door_(arrival.door),
      front_(surroundings.poller, arrival.descriptor, *door_),
      back_(surroundings.poller, *door_->target, world_->config().limits.dial_timeout),
      is_one_too_many_(arrival.is_one_too_many) {
    record_.listener = door_->settings.name;
    record_.backend = door_->settings.backend;
    record_.client = front_.client().to_string();
}

Session::~Session() {
    if (record_.connection_id != 0) surroundings_.ids.remove(record_.connection_id);
}

tls::Task<> Session::run() {
    // One clock covers everything before the relay of commands: an unproven client cannot hold its
    // place longer than this, whichever step it stalls in.
    login_clock_.emplace(surroundings_.poller.context(), world_->config().limits.connect_timeout,
                         [this] { hang_up(); });
    auto const opened = co_await open();
    remember_front();
    if (opened)
        co_await relay();
    else
        co_await turn_away(opened.error());
    add_hint();
}

tls::Task<Result<void>> Session::open() {
    if (is_one_too_many_) co_return Errc::too_many_sessions;
    if (door_->settings.greeting == config::Greeting::backend)
        co_return co_await open_with_backend_greeting();
    co_return co_await open_with_own_greeting();
}

/// The database is not touched before the client has passed the door.
tls::Task<Result<void>> Session::open_with_own_greeting() {
    co_await await_first_check();
    auto const known = door_->target->backend->greeting();
    if (!known) {
        active_ = Leg::back;
        co_return Errc::backend_unknown;
    }
    record_.connection_id = surroundings_.ids.next();
    auto greeting = own_greeting(*known, record_.connection_id);
    // Our account rules are judged at COM_CHANGE_USER too, which must not hide in a compressed
    // frame.
    if (has_account_rules()) greeting.capabilities &= ~compression;
    auto const opened = co_await front_.open(std::move(greeting));
    if (!opened) co_return opened;
    if (auto const judged = judge_account(front_.login().user); !judged) co_return judged;

    active_ = Leg::back;
    auto const dialled = co_await back_.dial(front_);
    if (!dialled) co_return dialled;
    auto const login = mysql::login_for(front_.login(), back_.greeting());
    if (!login) co_return login.error();
    auto const sent = co_await back_.log_in(front_, *login);
    // Not before: a cipher that the backend refuses is tried again on a connection with another id.
    if (sent)
        surroundings_.ids.add(record_.connection_id, back_.address(),
                              back_.greeting().connection_id);
    co_return sent;
}

/// Right after a start or reload, the backend's first health check may still be under way.
tls::Task<> Session::await_first_check() {
    Backend const& backend = *door_->target->backend;
    boost::asio::steady_timer pause(surroundings_.poller.context());
    while (!backend.greeting() && !backend.was_tried() && !front_.stream().socket().hung_up()) {
        pause.expires_after(first_check_poll);
        co_await pause.async_wait(boost::asio::use_awaitable);
    }
}

/// Byte-transparent: the client answers the database's own greeting, and its login goes on
/// verbatim.
tls::Task<Result<void>> Session::open_with_backend_greeting() {
    co_await await_first_check();
    active_ = Leg::back;
    auto const dialled = co_await back_.dial(front_);
    if (!dialled) co_return dialled;
    record_.connection_id = back_.greeting().connection_id;

    active_ = Leg::front;
    auto greeting = back_.greeting();
    if (has_account_rules()) greeting.capabilities &= ~compression;
    auto const opened = co_await front_.open(std::move(greeting));
    if (!opened) co_return opened;
    if (auto const judged = judge_account(front_.login().user); !judged) co_return judged;

    active_ = Leg::back;
    co_return co_await back_.log_in(front_, front_.login());
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

tls::Task<> Session::turn_away(error_code why) {
    bool const is_late = login_clock_->expired();
    auto const stage = active_ == Leg::front ? front_.stage() : back_.stage();
    auto reason =
        why.category() == errc_category() ? static_cast<Errc>(why.value()) : Errc::network;
    if (is_cut_) reason = Errc::draining;
    if (is_late) reason = Errc::timed_out;
    record_.ending = {active_, is_one_too_many_ ? Stage::accept : stage, reason};
    record_.detail = active_ == Leg::back ? back_.detail() : front_.detail();
    if (reason == Errc::backend_unknown) record_.detail = door_->target->backend->trouble();
    if (front_.stream().socket().hung_up()) co_return;
    // A new clock: the client that reads slowly, or not at all, is not waited for.
    login_clock_.emplace(surroundings_.poller.context(), world_->config().limits.linger_timeout,
                         [this] { front_.stream().socket().hang_up(); });
    auto told = back_.refusal();
    if (!told)
        told = refusal_for(record_.ending, door_->settings.backend, record_.user,
                           front_.client().host(), front_.has_password());
    if (told)
        co_await front_.refuse(std::move(*told));
    else
        co_await front_.leave(false);
}

tls::Task<> Session::relay() {
    auto const capabilities = front_.login().head.capabilities & back_.greeting().capabilities;
    bool const is_compressed = (capabilities & compression) != 0;
    bool const has_attributes = (capabilities & mysql::capability::query_attributes) != 0;
    mysql::CommandWatch::Translate translate;
    if (door_->settings.greeting == config::Greeting::own)
        translate = [this](std::uint32_t ours) {
            return surroundings_.ids.find(ours, back_.address());
        };
    relay_.emplace(Relay::Legs{front_.stream(), back_.stream()}, surroundings_.scratch,
                   world_->config().limits.linger_timeout,
                   mysql::LoginWatch(front_.next_sequence(), back_.next_sequence()),
                   mysql::CommandWatch(is_compressed, std::move(translate), has_attributes),
                   static_cast<RelayEvents&>(*this));
    answer_sequence_ = front_.next_sequence();
    front_.forget_opening();
    record_.ending = co_await relay_->run();
    remember_relay();
}

void Session::remember_relay() {
    record_.bytes_in = relay_->bytes_in();
    record_.bytes_out = relay_->bytes_out();
    if (auto const& error = relay_->login_error())
        record_.detail = std::to_string(error->code) + " " + error->message;
    else
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
    if (peer.certificate) {
        pki::Certificate const certificate(tls::share(peer.certificate.get()));
        record_.client_subject = certificate.subject_oneline();
        record_.client_serial = certificate.serial();
        record_.client_fingerprint = certificate.fingerprint();
    }
    if (front_.has_login()) {
        record_.user = front_.login().user;
        record_.database = front_.login().database;
    }
    record_.backend_address = back_.address();
    record_.backend_connection_id = back_.greeting().connection_id;
}

void Session::on_login() {
    record_.logged_in = SessionRecord::Clock::now();
    login_clock_.reset();
}

void Session::on_unanswered() {
    tell({Leg::back, Stage::auth, Errc::backend_down}, answer_sequence_);
}

/// As much as the socket takes at once, which is all of it unless the client has stopped reading.
void Session::tell(Ending const& ending, std::uint8_t sequence) {
    auto const told =
        refusal_for(ending, door_->settings.backend, record_.user, front_.client().host(), true);
    if (!told) return;
    auto const packet = mysql::make_packet(sequence, mysql::write_error(*told));
    static_cast<void>(front_.stream().try_write(packet));
}

Result<void> Session::on_change_user(std::string user) {
    record_.user = std::move(user);
    auto const judged = judge_account(record_.user);
    if (judged) return judged;
    constexpr std::uint8_t answer_to_command = 1;
    tell({Leg::front, Stage::relay, Errc::account_refused}, answer_to_command);
    return judged;
}

void Session::on_reload() {
    surroundings_.request_reload();
}

/// The login clock has run out. A client that waits for the database is still told so.
void Session::hang_up() {
    if (relay_)
        relay_->hang_up({Leg::back, Stage::auth, Errc::timed_out});
    else if (active_ == Leg::front)
        front_.stream().socket().hang_up();
    back_.hang_up();
}

void Session::cut() {
    is_cut_ = true;
    if (relay_) relay_->hang_up({Leg::front, Stage::drain, Errc::draining});
    front_.stream().socket().hang_up();
    back_.hang_up();
}

}  // namespace sallyport::gateway
