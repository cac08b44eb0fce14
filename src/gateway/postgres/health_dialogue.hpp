// A health check's dialogue with a PostgreSQL server: as far as its first answer to a login, which
// needs no account. A server does not mind clients that leave when they are asked for a password.
#pragma once

#include "gateway/postgres/dialogue.hpp"
#include "gateway/postgres/message_io.hpp"

namespace sallyport::gateway {

/// Whether a database says that it cannot serve now (SQLSTATE 57P0x: it is starting up, shutting
/// down, recovering); `why` gets its words.
bool says_not_now(Message const& answer, std::string& why);

class PostgresHealthDialogue final : public HealthDialogue {
 public:
    PostgresHealthDialogue(config::Negotiation negotiation, std::string const& user);

    net::Task<Result<void>> greet(tls::Stream& stream) override { return dialogue_.greet(stream); }
    net::Task<Result<TlsAnswer>> ask_for_tls(tls::Stream& stream) override {
        return dialogue_.ask_for_tls(stream);
    }
    net::Task<Result<void>> log_in(tls::Stream& stream) override {
        return dialogue_.log_in(stream);
    }
    /// Errc::backend_refused where the database says that it cannot serve now (SQLSTATE 57P0x: it
    /// is starting up, shutting down, recovering); any other answer comes from a live one.
    net::Task<Result<void>> await_verdict(tls::Stream& stream) override;
    std::optional<Backend::Facts> facts() const override { return facts_; }
    std::string detail() const override { return detail_.empty() ? dialogue_.detail() : detail_; }

 private:
    PostgresDialogue dialogue_;
    Backend::Facts facts_;
    std::string detail_;
};

}  // namespace sallyport::gateway
