// One health check's connection to one address: connect, greeting, TLS, login, goodbye.
#pragma once

#include "gateway/deadline.hpp"
#include "gateway/world.hpp"
#include "tls/stream.hpp"

#include <optional>
#include <string>

namespace sallyport::gateway {

class HealthCheck {
 public:
    /// The whole check ends within `limit`.
    HealthCheck(tls::Poller& poller, Target const& target, std::size_t index,
                std::chrono::milliseconds limit);

    /// Connects and reads the greeting.
    tls::Task<Result<void>> greet(Endpoint const& endpoint);
    /// TLS where ssl-mode and the backend have it, then the login as health-user. Any answer will
    /// do: "access denied" comes from a live database.
    tls::Task<Result<void>> log_in();
    /// TLS with this version and cipher alone; the connection is of no use afterwards.
    tls::Task<bool> accepts(std::string version, std::string cipher);

    mysql::Greeting const& greeting() const { return greeting_; }
    /// What went wrong, in words for the log.
    std::string const& why() const { return why_; }
    void hang_up();

 private:
    tls::Task<Result<void>> secure(tls::BackWish wish);
    tls::Task<Result<void>> await_verdict(std::uint8_t next_sequence);
    Result<void> failed(error_code const& error, std::string_view step);

    tls::Poller& poller_;
    Target const& target_;
    std::size_t index_;
    std::optional<tls::Stream> stream_;
    Deadline clock_;
    mysql::Greeting greeting_;
    std::string why_;
    bool is_cancelled_ = false;
};

}  // namespace sallyport::gateway
