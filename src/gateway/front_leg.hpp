// The client's side of a session: TLS, identity, and the way a client is turned away.
#pragma once

#include "gateway/endpoint.hpp"
#include "gateway/world.hpp"
#include "tls/stream.hpp"

#include <chrono>
#include <string>

namespace sallyport::gateway {

class FrontLeg {
 public:
    FrontLeg(net::Loop& loop, int descriptor, Door const& door);

    /// TLS as the door's, where the client has asked for it. `requires_alpn`: direct TLS, which
    /// must name its protocol. Moves the stage to handshake, then to login.
    net::Task<Result<void>> secure(bool requires_alpn = false);
    /// Whether this leg is what the door demands, once the client has had its chance:
    /// Errc::tls_required, certificate_required.
    Result<void> judge() const;
    /// Sends the client its refusal, one message of its own protocol, and closes politely.
    net::Task<> refuse(Buffer message);
    /// Ends the sending side and waits until the client has closed its own.
    net::Task<> leave(bool goodbye);

    Stage stage() const { return stage_; }
    void set_stage(Stage stage) { stage_ = stage; }
    /// When TLS was agreed on; the epoch where it was not.
    std::chrono::steady_clock::time_point secured_at() const { return secured_at_; }
    /// What went wrong, in words for the log.
    std::string const& detail() const { return stream_.tls_error(); }
    tls::Stream& stream() { return stream_; }
    tls::Stream const& stream() const { return stream_; }
    Door const& door() const { return door_; }
    Endpoint const& client() const { return client_; }
    /// Our end of the client's connection.
    Endpoint door_end() const { return local_end(stream_.socket().descriptor()); }

    /// Which of our chains the client was shown: "main", "canary", or nothing without TLS. To be
    /// called once, when the client has had its chance to refuse it: counts a refusal.
    std::string_view judge_chain() const;

    /// The certificate chain that the client proved, root last; from memory in a resumed session.
    identity::Chain chain() const;

 private:
    Door const& door_;
    tls::Stream stream_;
    Endpoint client_;
    std::chrono::steady_clock::time_point secured_at_{};
    Stage stage_ = Stage::opening;
    bool is_canary_ = false;  ///< served from the door's second context
};

}  // namespace sallyport::gateway
