// The client's side of a session: opening, TLS, identity, and the refusal in the client's protocol.
#pragma once

#include "gateway/endpoint.hpp"
#include "gateway/world.hpp"
#include "tls/stream.hpp"
#include "wire/mysql/opening.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace sallyport::gateway {

class FrontLeg {
 public:
    FrontLeg(tls::Poller& poller, int descriptor, Door const& door);

    /// Greets with `greeting` (CLIENT_SSL as our policy says), takes TLS and the login. Afterwards
    /// nothing of the client's is unjudged but its account: TLS where it is required, a verified
    /// certificate where one is required. Stage() tells how far it came.
    tls::Task<Result<void>> open(mysql::Greeting greeting);
    /// Tells the client why it is refused, where its protocol has words for it, and closes
    /// politely.
    tls::Task<> refuse(mysql::ServerError error);
    /// Ends the sending side and waits until the client has closed its own.
    tls::Task<> leave(bool goodbye);

    Stage stage() const { return stage_; }
    mysql::Login const& login() const { return opening_->login(); }
    bool has_login() const { return has_login_; }
    /// The client answered the greeting with something: what MySQL calls "using password: YES".
    bool has_password() const { return has_login_ && !login().auth.empty(); }
    /// When TLS was agreed on; the epoch where it was not.
    std::chrono::steady_clock::time_point secured_at() const { return secured_at_; }
    /// What went wrong, in words for the log.
    std::string const& detail() const { return stream_.tls_error(); }
    std::uint8_t next_sequence() const { return opening_ ? opening_->next_sequence() : 0; }
    tls::Stream& stream() { return stream_; }
    tls::Stream const& stream() const { return stream_; }
    Door const& door() const { return door_; }
    Endpoint const& client() const { return client_; }
    /// Our end of the client's connection.
    Endpoint door_end() const { return local_end(stream_.socket().descriptor()); }

    /// The certificate chain that the client proved, root last; from memory in a resumed session.
    identity::Chain chain() const;

    /// Forgets what only the opening needed: the login's secrets, and its memory.
    void forget_opening() { opening_.reset(); }

 private:
    Door const& door_;
    tls::Stream stream_;
    Endpoint client_;
    std::optional<mysql::FrontOpening> opening_;
    std::chrono::steady_clock::time_point secured_at_{};
    Stage stage_ = Stage::opening;
    bool has_login_ = false;
};

}  // namespace sallyport::gateway
