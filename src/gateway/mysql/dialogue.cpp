#include "gateway/mysql/dialogue.hpp"

#include "gateway/drive.hpp"

namespace sallyport::gateway {

net::Task<Result<void>> MysqlDialogue::greet(tls::Stream& stream) {
    opening_.reset();
    detail_.clear();
    mysql::BackGreeting dialogue;
    auto const read = co_await drive(dialogue, stream);
    if (!read) {
        detail_ = "no greeting: " + read.error().message();
        co_return read.error();
    }
    refusal_ = dialogue.error();
    if (refusal_) {
        detail_ = refusal_->message;
        co_return Errc::backend_refused;
    }
    greeting_ = dialogue.greeting();
    co_return Result<void>();
}

net::Task<Result<TlsAnswer>> MysqlDialogue::ask_for_tls(tls::Stream& stream) {
    if ((greeting_.capabilities & mysql::capability::ssl) == 0) co_return TlsAnswer::none;
    opening_.emplace(login_, true);
    auto const asked = co_await drive(*opening_, stream);
    if (!asked) co_return asked.error();
    co_return TlsAnswer::handshake;
}

net::Task<Result<void>> MysqlDialogue::log_in(tls::Stream& stream) {
    if (!opening_) opening_.emplace(login_, false);
    auto const sent = co_await drive(*opening_, stream);
    if (!sent) co_return sent.error();
    co_return Result<void>();
}

std::optional<Backend::Facts> MysqlDialogue::facts() const {
    return Backend::Facts{greeting_.version, greeting_};
}

}  // namespace sallyport::gateway
