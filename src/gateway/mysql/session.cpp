#include "gateway/mysql/session.hpp"

#include "gateway/drive.hpp"
#include "gateway/mysql/connection_ids.hpp"
#include "gateway/mysql/dialogue.hpp"
#include "gateway/mysql/greeting.hpp"
#include "gateway/mysql/refusal.hpp"

#include <optional>
#include <utility>

namespace sallyport::gateway {
namespace {

constexpr auto compression = mysql::capability::compress | mysql::capability::zstd_compression;

}  // namespace

struct MysqlSession::Opening {
    std::optional<mysql::FrontOpening> front;
    MysqlDialogue back;
    bool has_login = false;
    bool has_password = false;  ///< the greeting was answered with something: "using password: YES"
};

MysqlSession::MysqlSession(Surroundings const& surroundings, Arrival const& arrival)
    : Session(surroundings, arrival), opening_(std::make_unique<Opening>()) {}

MysqlSession::~MysqlSession() {
    if (record_.connection_id != 0) surroundings().ids.remove(record_.connection_id);
}

net::Task<Result<void>> MysqlSession::open() {
    if (is_one_too_many()) co_return Errc::too_many_sessions;
    co_await await_first_check();
    bool const is_transparent = door().settings.greeting == config::Greeting::backend;
    auto const opened =
        is_transparent ? co_await open_with_backend_greeting() : co_await open_with_own_greeting();
    record_.backend_connection_id = opening_->back.greeting().connection_id;
    co_return opened;
}

/// The database is not touched before the client has passed the door.
net::Task<Result<void>> MysqlSession::open_with_own_greeting() {
    auto const known = door().target->backend->greeting();
    if (!known) {
        active_ = Leg::back;
        co_return Errc::backend_unknown;
    }
    record_.connection_id = surroundings().ids.next();
    auto greeting = own_greeting(*known, record_.connection_id);
    auto const opened = co_await open_front(std::move(greeting));
    if (!opened) co_return opened;

    active_ = Leg::back;
    auto& back = opening_->back;
    auto const dialled = co_await back_.dial(front_, back);
    if (!dialled) co_return dialled;
    auto login = mysql::login_for(opening_->front->login(), back.greeting());
    if (!login) co_return login.error();
    back.set_login(std::move(*login));
    auto const sent = co_await back_.log_in(front_, back);
    // Not before: a cipher that the backend refuses is tried again on a connection with another id.
    if (sent)
        surroundings().ids.add(record_.connection_id, back_.address(),
                               back.greeting().connection_id);
    co_return sent;
}

/// Byte-transparent: the client answers the database's own greeting, and its login goes on
/// verbatim.
net::Task<Result<void>> MysqlSession::open_with_backend_greeting() {
    active_ = Leg::back;
    auto& back = opening_->back;
    auto const dialled = co_await back_.dial(front_, back);
    if (!dialled) co_return dialled;
    record_.connection_id = back.greeting().connection_id;

    active_ = Leg::front;
    auto const opened = co_await open_front(back.greeting());
    if (!opened) co_return opened;

    active_ = Leg::back;
    back.set_login(opening_->front->login());
    co_return co_await back_.log_in(front_, back);
}

/// Greets, takes TLS and the login. Afterwards nothing of the client's is unjudged but what the
/// database judges.
net::Task<Result<void>> MysqlSession::open_front(mysql::Greeting greeting) {
    greeting.capabilities &= ~mysql::capability::ssl;
    if (door().tls) greeting.capabilities |= mysql::capability::ssl;
    // Our account rules are judged at COM_CHANGE_USER too, which must not hide in a compressed
    // frame.
    if (has_account_rules()) greeting.capabilities &= ~compression;
    auto& dialogue = opening_->front.emplace(std::move(greeting));

    auto asked = co_await drive(dialogue, front_.stream());
    if (asked && *asked == wire::Ask::start_tls) {
        auto const agreed = co_await front_.secure();
        if (!agreed) co_return agreed.error();
        asked = co_await drive(dialogue, front_.stream());
    }
    if (!asked) co_return asked.error();
    front_.set_stage(Stage::login);
    auto const& login = dialogue.login();
    record_.user = login.user;
    record_.database = login.database;
    opening_->has_password = !login.auth.empty();
    if (auto const judged = front_.judge(); !judged) co_return judged;
    co_return judge_account(login.user);
}

std::unique_ptr<RelayWatch> MysqlSession::watch() {
    auto const& front = *opening_->front;
    auto const& back = opening_->back;
    auto const capabilities = front.login().head.capabilities & back.greeting().capabilities;
    bool const is_compressed = (capabilities & compression) != 0;
    bool const has_attributes = (capabilities & mysql::capability::query_attributes) != 0;
    mysql::CommandWatch::Translate translate;
    if (door().settings.greeting == config::Greeting::own)
        translate = [this](std::uint32_t ours) {
            return surroundings().ids.find(ours, back_.address());
        };
    answer_sequence_ = front.next_sequence();
    auto watch = std::make_unique<MysqlWatch>(
        mysql::LoginWatch(answer_sequence_, back.next_sequence()),
        mysql::CommandWatch(is_compressed, std::move(translate), has_attributes),
        static_cast<MysqlEvents&>(*this));
    opening_.reset();
    return watch;
}

std::optional<Buffer> MysqlSession::refusal(Ending const& ending) {
    // Behind a question of the database's, an error of ours would have a number out of order.
    if (!opening_ && ending.stage == Stage::auth && bytes_out() > 0) return std::nullopt;
    bool const is_greeted = !opening_ || opening_->front;
    auto told = opening_ ? opening_->back.refusal() : std::nullopt;
    if (!told)
        told = refusal_for(ending, record_.backend, record_.user, front_.client().host(),
                           !opening_ || opening_->has_password);
    if (!told) return std::nullopt;
    // Before the greeting the client has not said that it knows SQLSTATEs.
    if (!is_greeted)
        told->sql_state.clear();
    else if (told->sql_state.empty())
        told->sql_state = "HY000";
    constexpr std::uint8_t answer_to_command = 1;
    std::uint8_t sequence = ending.stage == Stage::relay ? answer_to_command : answer_sequence_;
    if (opening_) sequence = opening_->front ? opening_->front->next_sequence() : 0;
    return mysql::make_packet(sequence, mysql::write_error(*told));
}

Result<void> MysqlSession::on_change_user(std::string user) {
    record_.user = std::move(user);
    return judge_account(record_.user);
}

void MysqlSession::on_reload() {
    surroundings().request_reload();
}

}  // namespace sallyport::gateway
