#include "gateway/postgres/watch.hpp"

#include <algorithm>
#include <string_view>

namespace sallyport::gateway {
namespace {

/// Terminate: a type and a length that counts itself.
constexpr std::string_view terminate{"X\0\0\0\x04", 5};

}  // namespace

Result<std::size_t> PostgresWatch::from_front(MutableBytes chunk) {
    // For the log alone: a client that says this and leaves has ended its session in good order. In
    // the middle of a login nobody awaits it.
    if (!chunk.empty()) quit_ = logged_in() && as_text(chunk).ends_with(terminate);
    return login_.from_front(chunk);
}

Result<std::size_t> PostgresWatch::from_back(MutableBytes chunk) {
    return login_.from_back(chunk);
}

bool PostgresWatch::logged_in() const {
    return login_.outcome() == postgres::LoginWatch::Outcome::accepted ||
           login_.outcome() == postgres::LoginWatch::Outcome::ready;
}

Leg PostgresWatch::awaited() const {
    return login_.awaits_answer() ? Leg::front : Leg::back;
}

std::optional<Ending> PostgresWatch::verdict() const {
    if (login_.outcome() == postgres::LoginWatch::Outcome::refused)
        return Ending{Leg::back, Stage::auth, Errc::backend_refused};
    if (quit_) return Ending{Leg::front, Stage::relay, Errc::client_quit};
    return std::nullopt;
}

std::string PostgresWatch::refusal_text() const {
    auto const* const error = login_.error();
    return error ? error->code + " " + error->message : "";
}

}  // namespace sallyport::gateway
