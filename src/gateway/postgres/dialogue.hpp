// The dialogue with a PostgreSQL server (back_dialogue.hpp): the client speaks first. TLS is asked
// for by SSLRequest, or begun at once (negotiation = "direct"); then comes the StartupMessage.
#pragma once

#include "config/config.hpp"
#include "gateway/back_dialogue.hpp"
#include "wire/postgres/messages.hpp"

namespace sallyport::gateway {

class PostgresDialogue : public BackDialogue {
 public:
    PostgresDialogue(config::Negotiation negotiation, Buffer startup)
        : negotiation_(negotiation), startup_(std::move(startup)) {}

    net::Task<Result<void>> greet(tls::Stream& stream) override;
    net::Task<Result<TlsAnswer>> ask_for_tls(tls::Stream& stream) override;
    net::Task<Result<void>> log_in(tls::Stream& stream) override;
    /// That somebody takes connections says nothing of a database yet.
    std::optional<Backend::Facts> facts() const override { return std::nullopt; }
    std::string detail() const override { return detail_; }

 private:
    config::Negotiation negotiation_;
    Buffer startup_;
    std::string detail_;
};

}  // namespace sallyport::gateway
