#include "gateway/postgres/health_dialogue.hpp"

#include <algorithm>
#include <array>

namespace sallyport::gateway {
namespace {

/// ADMIN SHUTDOWN, CRASH SHUTDOWN, CANNOT CONNECT NOW (PostgreSQL documentation, appendix A).
constexpr std::array<std::string_view, 3> not_now{"57P01", "57P02", "57P03"};

Buffer startup_of(std::string const& user) {
    return postgres::write_startup(
        postgres::protocol_3_0,
        {{"user", user}, {"database", "postgres"}, {"application_name", "sallyport"}});
}

}  // namespace

PostgresHealthDialogue::PostgresHealthDialogue(config::Negotiation negotiation,
                                               std::string const& user)
    : dialogue_(negotiation, startup_of(user)) {}

bool says_not_now(Message const& answer, std::string& why) {
    if (answer.type != postgres::message::error_response) return false;
    auto const error = postgres::read_error(answer.body);
    if (!error) return false;
    why = error->message;
    return std::find(not_now.begin(), not_now.end(), error->code) != not_now.end();
}

net::Task<Result<void>> PostgresHealthDialogue::await_verdict(tls::Stream& stream) {
    Result<Message> answer = Message{postgres::message::notice_response, {}};
    while (answer && answer->type == postgres::message::notice_response)
        answer = co_await read_message(stream, postgres::max_login_message);
    if (!answer) co_return answer.error();
    if (says_not_now(*answer, detail_)) co_return Errc::backend_refused;
    if (answer->type == postgres::message::error_response) co_return Result<void>();
    if (answer->type != postgres::message::authentication) co_return Errc::malformed;
    auto const asked = postgres::read_auth(answer->body);
    if (!asked) co_return asked.error();
    auto const goodbye = postgres::make_message(postgres::message::terminate, {});
    // Only who is let in has a session to take leave of.
    if (asked->kind == postgres::Auth::ok) co_await stream.write_all(goodbye);
    co_return Result<void>();
}

}  // namespace sallyport::gateway
