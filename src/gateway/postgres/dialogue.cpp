#include "gateway/postgres/dialogue.hpp"

#include "gateway/drive.hpp"
#include "wire/postgres/opening.hpp"

namespace sallyport::gateway {

net::Task<Result<void>> PostgresDialogue::greet(tls::Stream&) {
    detail_.clear();
    co_return Result<void>();
}

net::Task<Result<TlsAnswer>> PostgresDialogue::ask_for_tls(tls::Stream& stream) {
    if (negotiation_ == config::Negotiation::direct) co_return TlsAnswer::handshake;
    postgres::BackTlsRequest dialogue;
    auto const asked = co_await drive(dialogue, stream);
    if (!asked) {
        detail_ = "no answer to SSLRequest: " + asked.error().message();
        co_return asked.error();
    }
    co_return *asked == wire::Ask::start_tls ? TlsAnswer::handshake : TlsAnswer::none;
}

net::Task<Result<void>> PostgresDialogue::log_in(tls::Stream& stream) {
    co_return co_await stream.write_all(startup_);
}

}  // namespace sallyport::gateway
