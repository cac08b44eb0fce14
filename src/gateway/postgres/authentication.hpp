// The part of a PostgreSQL login that cannot simply be relayed: from the database's first word to
// the point from which it can. What a SCRAM login is when both legs have a certificate of their own
// is decided here (DESIGN section 5, docs/wire/postgres.md).
#pragma once

#include "gateway/back_leg.hpp"
#include "gateway/front_leg.hpp"
#include "gateway/postgres/message_io.hpp"
#include "identity/scram.hpp"
#include "wire/postgres/login_watch.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {

class Authentication {
 public:
    /// `active` is kept at the leg whose step is under way. `watch` is told what is relayed.
    Authentication(FrontLeg& front, BackLeg& back, Target const& target, std::string user,
                   postgres::LoginWatch& watch, Leg& active);

    /// `first` is what the database has said already. Afterwards both sides are ready to be
    /// relayed. Errc::backend_refused where the database says no: refusal() has its words;
    /// binding_not_relayed, binding_wrong, verifier_unavailable, tls_required; else as streams and
    /// messages fail.
    net::Task<Result<void>> run(Message first, std::chrono::milliseconds query_limit);

    /// The database's ErrorResponse, to be passed on.
    std::optional<Buffer> const& refusal() const { return refusal_; }
    /// What went wrong, in words for the log; empty where the legs know more.
    std::string const& detail() const { return detail_; }

 private:
    /// What the client is offered, and may choose from.
    struct Offer {
        std::vector<std::string> mechanisms;
        bool back_binds = false;  ///< the database offers -PLUS
        bool binds = false;       ///< so do we
    };
    enum class Way { relay, mediate };

    net::Task<Result<void>> take_sasl(Message const& request);
    net::Task<Result<void>> mediate(Offer const& offer, postgres::SaslInitial const& initial);
    net::Task<Result<void>> ask_for_password(bool back_binds);
    /// The client's login on the back leg, in three steps.
    net::Task<Result<void>> begin(identity::ScramClient& client);
    net::Task<Result<void>> prove(identity::ScramClient& client, identity::ScramKeys const& keys);
    /// So that the database itself refuses the login: in its own words, and in its own log.
    net::Task<Result<void>> fail(identity::ScramClient& client);

    Offer offer_for(std::vector<std::string> mechanisms) const;
    Result<Way> choose(Offer const& offer, postgres::SaslInitial const& initial) const;
    bool can_mediate() const;
    bool has_same_certificate() const;
    Buffer front_binding() const;
    Buffer back_binding() const;

    net::Task<Result<Message>> from_back();
    /// Keeps an ErrorResponse for the client: Errc::backend_refused.
    Result<void> judge(Message const& said);
    /// The same in the middle of an exchange, where a notice can come at any time: it is passed on.
    net::Task<Result<Message>> answer_from_back();
    /// The data of the next AuthenticationSASLContinue or -Final.
    net::Task<Result<std::string>> sasl_from_back(postgres::Auth kind);
    net::Task<Result<Message>> answer_from_front();
    net::Task<Result<void>> to_front(Buffer message);
    net::Task<Result<void>> to_back(Buffer message);
    net::Task<Result<void>> pass_to_front(Message const& message);

    FrontLeg& front_;
    BackLeg& back_;
    Target const& target_;
    std::string const user_;
    postgres::LoginWatch& watch_;
    Leg& active_;
    std::chrono::milliseconds query_limit_{};
    std::optional<Buffer> refusal_;
    std::string detail_;
};

}  // namespace sallyport::gateway
