// The dialogue with a MySQL server (back_dialogue.hpp): it greets, TLS is asked for by SSLRequest,
// then comes the login.
#pragma once

#include "gateway/back_dialogue.hpp"
#include "wire/mysql/opening.hpp"

#include <cstdint>

namespace sallyport::gateway {

class MysqlDialogue final : public BackDialogue {
 public:
    net::Task<Result<void>> greet(tls::Stream& stream) override;
    net::Task<Result<TlsAnswer>> ask_for_tls(tls::Stream& stream) override;
    net::Task<Result<void>> log_in(tls::Stream& stream) override;
    std::optional<Backend::Facts> facts() const override;
    std::string detail() const override { return detail_; }

    /// What log_in() sends: to be set once the greeting is known.
    void set_login(mysql::Login login) { login_ = std::move(login); }

    mysql::Greeting const& greeting() const { return greeting_; }
    /// The error that the database greeted with.
    std::optional<mysql::ServerError> const& refusal() const { return refusal_; }
    /// The sequence number that the database's next packet carries, after log_in().
    std::uint8_t next_sequence() const { return opening_ ? opening_->next_sequence() : 0; }

 private:
    mysql::Greeting greeting_;
    std::optional<mysql::ServerError> refusal_;
    mysql::Login login_;
    std::optional<mysql::BackLogin> opening_;  ///< begun by ask_for_tls, or by a plain log_in
    std::string detail_;
};

/// Logs in as health-user. A server counts connections that are dropped before login, and in the
/// end shuts out the host they come from.
class MysqlHealthDialogue final : public HealthDialogue {
 public:
    explicit MysqlHealthDialogue(std::string user) : user_(std::move(user)) {}

    net::Task<Result<void>> greet(tls::Stream& stream) override;
    net::Task<Result<TlsAnswer>> ask_for_tls(tls::Stream& stream) override {
        return dialogue_.ask_for_tls(stream);
    }
    net::Task<Result<void>> log_in(tls::Stream& stream) override {
        return dialogue_.log_in(stream);
    }
    std::optional<Backend::Facts> facts() const override { return dialogue_.facts(); }
    std::string detail() const override { return dialogue_.detail(); }
    net::Task<Result<void>> await_verdict(tls::Stream& stream) override;

 private:
    MysqlDialogue dialogue_;
    std::string user_;
};

}  // namespace sallyport::gateway
