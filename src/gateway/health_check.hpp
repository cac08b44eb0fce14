// One health check's connection to one address: connect, TLS, login, goodbye.
#pragma once

#include "gateway/back_dialogue.hpp"
#include "gateway/back_link.hpp"
#include "gateway/world.hpp"
#include "net/deadline.hpp"

#include <memory>
#include <string>

namespace sallyport::gateway {

class HealthCheck {
 public:
    /// The whole check ends within `limit`.
    HealthCheck(net::Loop& loop, Target const& target, std::size_t index,
                std::chrono::milliseconds limit);

    /// Connects, and hears what the database says first, if it does.
    net::Task<Result<void>> greet(Endpoint const& endpoint);
    /// TLS where ssl-mode and the backend have it, then the login as health-user. Any answer will
    /// do: "access denied" comes from a live database.
    net::Task<Result<void>> log_in();
    /// TLS with this version and cipher alone; the connection is of no use afterwards.
    net::Task<bool> accepts(std::string version, std::string cipher);

    /// What was learned of the database.
    Backend::Facts facts() const { return dialogue_->facts().value_or(Backend::Facts{}); }
    /// What went wrong, in words for the log.
    std::string const& why() const { return why_; }
    void hang_up() { link_.hang_up(); }

 private:
    net::Task<Result<void>> secure(tls::BackWish wish);
    Result<void> failed(error_code const& error, std::string_view step);

    Target const& target_;
    std::size_t index_;
    BackLink link_;
    std::unique_ptr<HealthDialogue> dialogue_;
    net::Deadline clock_;
    std::string why_;
};

}  // namespace sallyport::gateway
