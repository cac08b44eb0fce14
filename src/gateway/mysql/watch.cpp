#include "gateway/mysql/watch.hpp"

namespace sallyport::gateway {

Result<std::size_t> MysqlWatch::from_front(MutableBytes chunk) {
    if (!logged_in()) {
        if (auto const seen = login_.from_front(chunk); !seen) return seen.error();
        return chunk.size();
    }
    auto const allowed = commands_.from_front(chunk);
    if (auto user = commands_.take_changed_user())
        if (auto const changed = events_.on_change_user(std::move(*user)); !changed)
            return changed.error();
    return allowed;
}

Result<std::size_t> MysqlWatch::from_back(MutableBytes chunk) {
    if (logged_in()) {
        if (commands_.from_back(chunk)) events_.on_reload();
    } else if (auto const outcome = login_.from_back(chunk); !outcome) {
        return outcome.error();
    }
    return chunk.size();
}

bool MysqlWatch::logged_in() const {
    return login_.outcome() == mysql::LoginWatch::Outcome::accepted;
}

std::optional<Ending> MysqlWatch::verdict() const {
    if (login_.outcome() == mysql::LoginWatch::Outcome::refused)
        return Ending{Leg::back, Stage::auth, Errc::backend_refused};
    if (commands_.quit()) return Ending{Leg::front, Stage::relay, Errc::client_quit};
    return std::nullopt;
}

std::string MysqlWatch::refusal_text() const {
    auto const* const error = login_.error();
    return error ? std::to_string(error->code) + " " + error->message : "";
}

}  // namespace sallyport::gateway
