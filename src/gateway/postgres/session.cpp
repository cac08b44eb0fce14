#include "gateway/postgres/session.hpp"

#include "gateway/drive.hpp"
#include "gateway/postgres/authentication.hpp"
#include "gateway/postgres/cancel.hpp"
#include "gateway/postgres/cancel_keys.hpp"
#include "gateway/postgres/dialogue.hpp"
#include "gateway/postgres/health_dialogue.hpp"
#include "gateway/postgres/refusal.hpp"
#include "gateway/postgres/watch.hpp"
#include "wire/postgres/opening.hpp"

#include <utility>

namespace sallyport::gateway {

struct PostgresSession::Opening {
    Opening(bool offers_tls, postgres::LoginWatch::Rekey rekey)
        : front(offers_tls), login(std::move(rekey)) {}

    postgres::FrontOpening front;
    postgres::LoginWatch login;
    Message first_word;             ///< of the database, to the StartupMessage
    std::optional<Buffer> refusal;  ///< the database's own
};

PostgresSession::PostgresSession(Surroundings const& surroundings, Arrival const& arrival)
    : Session(surroundings, arrival) {
    auto rekey = [this](postgres::CancelKey const& real, MutableBytes secret) {
        replace_key(real, secret);
    };
    opening_ = std::make_unique<Opening>(door().tls != nullptr, std::move(rekey));
}

PostgresSession::~PostgresSession() {
    if (cancel_id_ != 0) surroundings().cancel_keys.remove(cancel_id_);
}

net::Task<Result<void>> PostgresSession::open() {
    auto const opened = co_await open_front();
    if (!opened) co_return opened;
    if (auto const& key = opening_->front.cancel()) {
        co_await take_cancel(*key);
        co_return Errc::cancel_request;
    }
    // Not before: only now is it known that this is a client that can be told.
    if (is_one_too_many()) co_return Errc::too_many_sessions;
    if (auto const judged = front_.judge(); !judged) co_return judged;
    if (auto const judged = judge_names(); !judged) co_return judged;
    auto const dialled = co_await open_back();
    if (!dialled) co_return dialled;
    co_return co_await authenticate();
}

net::Task<Result<void>> PostgresSession::open_front() {
    auto& dialogue = opening_->front;
    auto asked = co_await drive(dialogue, front_.stream());
    if (asked && *asked == wire::Ask::start_tls) {
        auto const agreed = co_await front_.secure(dialogue.is_direct());
        if (!agreed) co_return agreed;
        asked = co_await drive(dialogue, front_.stream());
    }
    if (!asked) co_return asked.error();
    if (dialogue.startup()) {
        front_.set_stage(Stage::login);
        record_.user = dialogue.startup()->user();
        record_.database = dialogue.startup()->database();
    }
    co_return Result<void>();
}

net::Task<Result<void>> PostgresSession::open_back() {
    active_ = Leg::back;
    co_await await_first_check();
    auto const& target = *door().target;
    PostgresDialogue dialogue(target.settings.negotiation, opening_->front.startup()->packet);
    for (auto others = target.settings.addresses.size();;) {
        auto const dialled = co_await back_.dial(front_, dialogue);
        if (!dialled) co_return dialled;
        --others;
        auto const asked = co_await ask_database(dialogue, others > 0);
        if (asked || others == 0 || back_.has_given_up()) co_return asked;
        if (asked.error() != Errc::timed_out && asked.error() != Errc::backend_refused)
            co_return asked;
        // A server that only takes connections: as good as down, and the client has heard nothing.
        target.backend->failed(back_.address_index(), record_.detail);
        record_.detail.clear();
    }
}

/// TLS, the StartupMessage, and the database's first word. With `is_urgent`, where there are other
/// addresses to try, it must come as soon as a connection must.
net::Task<Result<void>> PostgresSession::ask_database(PostgresDialogue& dialogue, bool is_urgent) {
    std::optional<net::Deadline> clock;
    if (is_urgent)
        clock.emplace(surroundings().loop, world().config().limits.dial_timeout,
                      [this] { back_.drop(); });
    auto const sent = co_await back_.log_in(front_, dialogue);
    Result<Message> answer = Errc::timed_out;
    if (sent) answer = co_await read_message(back_.stream(), postgres::max_login_message);
    if (clock && clock->expired()) {
        record_.detail = "no answer in time";
        co_return Errc::timed_out;
    }
    if (!sent) co_return sent;
    if (!answer) {
        record_.detail = back_.stream().tls_error();
        co_return answer.error();
    }
    if (is_urgent && says_not_now(*answer, record_.detail)) co_return Errc::backend_refused;
    opening_->first_word = std::move(*answer);
    co_return Result<void>();
}

net::Task<Result<void>> PostgresSession::authenticate() {
    front_.set_stage(Stage::auth);
    Authentication exchange(front_, back_, *door().target, account(), opening_->login, active_);
    auto first = std::move(opening_->first_word);
    auto const done = co_await exchange.run(std::move(first), world().config().limits.dial_timeout);
    record_.detail = exchange.detail();
    opening_->refusal = exchange.refusal();
    co_return done;
}

Result<void> PostgresSession::judge_names() const {
    auto const name = account();
    // The service account is ours alone: where the database lets *us* in by where we come from
    // (peer, trust), it must not let in everybody who comes through us and knows its name.
    if (name == door().target->settings.verifiers.auth_user) return Errc::account_refused;
    auto lower = name;
    for (char& letter : lower)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    // CockroachDB's names have no capitals, whichever the client writes: both must be allowed.
    if (auto const judged = judge_account(lower); !judged) return judged;
    return judge_account(name);
}

/// The account that the client means: a server may cut names to what its catalogs hold, so a longer
/// one must not slip past a rule.
std::string PostgresSession::account() const {
    constexpr std::size_t name_size = 63;  // PostgreSQL's NAMEDATALEN, less the NUL
    return record_.user.substr(0, name_size);
}

/// Says nothing, and takes the same time for every key (cancel.hpp).
net::Task<> PostgresSession::take_cancel(postgres::CancelKey const& key) {
    auto const route = surroundings().cancel_keys.find(key, front_.client());
    if (!route) record_.detail = "no session has this key, or too many were tried";
    auto& loop = surroundings().loop;
    net::Wakeup answered(loop);
    net::Deadline const answer(loop, cancel_answer_time, [this, &answered] {
        front_.stream().finish(true);
        front_.stream().socket().hang_up();
        answered.wake();
    });
    if (route) co_await forward_cancel(loop, *route, world().config().limits.dial_timeout);
    if (!answer.expired()) co_await answered.sleep();
}

void PostgresSession::replace_key(postgres::CancelKey const& real, MutableBytes secret) {
    auto& keys = surroundings().cancel_keys;
    if (cancel_id_ == 0) cancel_id_ = keys.next_session();
    keys.add(
        cancel_id_,
        {door().target, back_.address_index(), back_.endpoint(), back_.stream().is_tls(), real},
        secret);
    record_.connection_id = record_.backend_connection_id = real.process;
}

std::unique_ptr<RelayWatch> PostgresSession::watch() {
    auto watch = std::make_unique<PostgresWatch>(std::move(opening_->login));
    opening_.reset();
    return watch;
}

std::optional<Buffer> PostgresSession::refusal(Ending const& ending) {
    if (opening_ && opening_->refusal) return opening_->refusal;
    auto const told = refusal_for(
        ending, {front_.client().host(), record_.user, record_.database, record_.backend,
                 front_.stream().is_tls(), opening_ ? opening_->front.version() : 0});
    if (!told) return std::nullopt;
    return postgres::write_error(*told);
}

}  // namespace sallyport::gateway
