// The database's side of a session: connect, its greeting, TLS with the mirrored identity, the
// login. What it shows the database is what the front leg was (DESIGN section 1).
#pragma once

#include "gateway/endpoint.hpp"
#include "gateway/front_leg.hpp"
#include "gateway/world.hpp"
#include "tls/stream.hpp"
#include "wire/mysql/opening.hpp"

#include <optional>
#include <string>

namespace sallyport::gateway {

class BackLeg {
 public:
    BackLeg(tls::Poller& poller, Target const& target, std::chrono::milliseconds dial_limit);

    /// Connects to the first address that answers, says whose connection it is (PROXY v2, where
    /// configured), and reads the database's greeting. Errc::backend_down when no address answers;
    /// backend_refused when the database greets with an error: refusal() has it.
    tls::Task<Result<void>> dial(FrontLeg const& front);
    /// TLS as the front leg has it, then `login`. Errc::tls_unsupported, tls_not_mirrored,
    /// certificate_untrusted, certificate_expired, tls_failed.
    tls::Task<Result<void>> log_in(FrontLeg const& front, mysql::Login login);

    mysql::Greeting const& greeting() const { return greeting_; }
    std::optional<mysql::ServerError> const& refusal() const { return refusal_; }
    Stage stage() const { return stage_; }
    /// What went wrong, in words for the log.
    std::string const& detail() const { return detail_; }
    /// The configured address that answered; empty before.
    std::string address() const;
    std::uint8_t next_sequence() const { return next_sequence_; }
    tls::Stream& stream() { return *stream_; }

    /// Ends whatever is under way, and what would come after it.
    void hang_up();

 private:
    tls::Task<Result<void>> dial(Backend::Candidate const& candidate, FrontLeg const& front);
    tls::Task<Result<void>> connect(Endpoint const& endpoint);
    tls::Task<Result<void>> greet(FrontLeg const& front);
    tls::Task<Result<void>> log_in(FrontLeg const& front, mysql::Login const& login,
                                   tls::BackWish const& wish);
    tls::Task<Result<void>> secure(FrontLeg const& front, tls::BackWish wish);
    Result<bool> decide_tls(bool front_is_tls);
    bool may_differ(FrontLeg const& front, tls::BackWish const& wish,
                    error_code const& error) const;
    tls::BackWish wish_for(FrontLeg const& front) const;

    tls::Poller& poller_;
    Target const& target_;
    std::chrono::milliseconds const dial_limit_;
    std::optional<tls::Stream> stream_;
    std::optional<Backend::Candidate> candidate_;  ///< the one that answered
    mysql::Greeting greeting_;
    std::optional<mysql::ServerError> refusal_;
    Stage stage_ = Stage::route;
    std::string detail_;
    std::uint8_t next_sequence_ = 0;
    bool given_up_ = false;
};

}  // namespace sallyport::gateway
