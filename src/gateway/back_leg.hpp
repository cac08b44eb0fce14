// The database's side of a session: connect, TLS with the mirrored identity, the login. What it
// shows the database is what the front leg was (DESIGN section 1). What is said on the way is the
// protocol's (back_dialogue.hpp).
#pragma once

#include "gateway/back_dialogue.hpp"
#include "gateway/back_link.hpp"
#include "gateway/front_leg.hpp"
#include "gateway/world.hpp"

#include <optional>
#include <string>

namespace sallyport::gateway {

class BackLeg {
 public:
    BackLeg(net::Loop& loop, Target const& target, std::chrono::milliseconds dial_limit);

    /// Connects to the first address that answers, says whose connection it is (PROXY v2, where
    /// configured), and lets the database greet, if it does. Errc::backend_down when no address
    /// answers; backend_refused when the database greets with an error.
    net::Task<Result<void>> dial(FrontLeg const& front, BackDialogue& dialogue);
    /// TLS as the front leg has it, then the login. Errc::tls_unsupported, tls_not_mirrored,
    /// certificate_untrusted, certificate_expired, tls_failed.
    net::Task<Result<void>> log_in(FrontLeg const& front, BackDialogue& dialogue);

    Stage stage() const { return stage_; }
    void set_stage(Stage stage) { stage_ = stage; }
    /// What went wrong, in words for the log.
    std::string const& detail() const { return detail_; }
    /// The configured address that answered; empty before.
    std::string address() const;
    std::size_t address_index() const { return *index_; }
    /// Where exactly that was.
    Endpoint const& endpoint() const { return endpoint_; }
    tls::Stream& stream() { return link_.stream(); }

    /// Ends whatever is under way, and what would come after it.
    void hang_up();
    /// Ends only this connection: another address may be dialled.
    void drop() { link_.drop(); }
    bool has_given_up() const { return link_.has_given_up(); }
    /// A second connection that the session waits for (a question for a verifier, a cancel request)
    /// is hung up together with this leg; nullptr: there is none any more.
    void set_companion(BackLink* companion) { companion_ = companion; }

 private:
    net::Task<Result<void>> dial(Backend::Candidate const& candidate, FrontLeg const& front,
                                 BackDialogue& dialogue);
    net::Task<Result<void>> log_in(FrontLeg const& front, BackDialogue& dialogue,
                                   tls::BackWish const& wish);
    net::Task<Result<void>> secure(FrontLeg const& front, BackDialogue& dialogue,
                                   tls::BackWish wish);
    Result<bool> may_be_plain(FrontLeg const& front);
    bool may_differ(FrontLeg const& front, tls::BackWish const& wish,
                    error_code const& error) const;
    Backend::Candidate candidate() const;
    std::string place() const;
    tls::BackWish wish_for(FrontLeg const& front) const;

    net::Loop& loop_;
    Target const& target_;
    std::chrono::milliseconds const dial_limit_;
    BackLink link_;
    BackLink* companion_ = nullptr;
    std::optional<std::size_t> index_;  ///< of the backend's addresses: the one that answered
    Endpoint endpoint_;
    Stage stage_ = Stage::route;
    std::string detail_;
};

}  // namespace sallyport::gateway
