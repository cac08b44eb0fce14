#include "gateway/health_check.hpp"

#include "gateway/mysql/dialogue.hpp"
#include "gateway/postgres/health_dialogue.hpp"
#include "wire/proxy_header.hpp"

namespace sallyport::gateway {
namespace {

std::unique_ptr<HealthDialogue> dialogue_with(Target const& target) {
    auto const& user = target.settings.health_user;
    if (target.settings.protocol == config::Protocol::postgres)
        return std::make_unique<PostgresHealthDialogue>(target.settings.negotiation, user);
    return std::make_unique<MysqlHealthDialogue>(user);
}

}  // namespace

HealthCheck::HealthCheck(net::Loop& loop, Target const& target, std::size_t index,
                         std::chrono::milliseconds limit)
    : target_(target),
      index_(index),
      link_(loop, target),
      dialogue_(dialogue_with(target)),
      clock_(loop, limit, [this] { hang_up(); }) {}

Result<void> HealthCheck::failed(error_code const& error, std::string_view step) {
    why_ = std::string(step) + ": ";
    if (clock_.expired())
        why_ += "no answer in time";
    else if (!link_.detail().empty())
        why_ += link_.detail();
    else if (auto const detail = dialogue_->detail(); !detail.empty())
        why_ += detail;
    else
        why_ += error.message();
    return error;
}

net::Task<Result<void>> HealthCheck::greet(Endpoint const& endpoint) {
    auto header = wire::write_local_proxy_header();
    auto const connected = co_await link_.connect(endpoint, std::move(header));
    if (!connected) co_return failed(connected.error(), "connect");
    auto const greeted = co_await dialogue_->greet(link_.stream());
    if (!greeted) co_return failed(greeted.error(), "greeting");
    co_return greeted;
}

net::Task<Result<void>> HealthCheck::log_in() {
    if (target_.tls && !target_.is_always_plain(index_)) {
        auto const asked = co_await dialogue_->ask_for_tls(link_.stream());
        if (!asked) co_return failed(asked.error(), "TLS");
        if (*asked == TlsAnswer::handshake) {
            tls::BackWish wish;
            auto const secured = co_await secure(std::move(wish));
            if (!secured) co_return secured;
        }
    }
    auto const sent = co_await dialogue_->log_in(link_.stream());
    if (!sent) co_return failed(sent.error(), "login");
    auto const answered = co_await dialogue_->await_verdict(link_.stream());
    if (!answered) co_return failed(answered.error(), "login");
    link_.stream().finish(true);
    co_return answered;
}

net::Task<bool> HealthCheck::accepts(std::string version, std::string cipher) {
    auto const asked = co_await dialogue_->ask_for_tls(link_.stream());
    if (!asked || *asked == TlsAnswer::none) co_return false;
    tls::BackWish wish;
    wish.version = std::move(version);
    wish.cipher = std::move(cipher);
    auto const secured = co_await secure(std::move(wish));
    co_return secured.has_value();
}

net::Task<Result<void>> HealthCheck::secure(tls::BackWish wish) {
    wish.server_name = target_.server_name(index_);
    wish.alpn = target_.alpn();
    auto const agreed = co_await link_.secure(wish);
    if (!agreed) co_return failed(agreed.error(), "TLS");
    target_.backend->showed(index_, chain_of(link_.stream().peer()));
    co_return agreed;
}

}  // namespace sallyport::gateway
