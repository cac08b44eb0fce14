// A connection to one address of a backend: sockets, the PROXY header, TLS. Sessions, health
// checks, cancel requests and questions for verifiers all reach a database through here; what is
// said on the connection is theirs.
#pragma once

#include "gateway/endpoint.hpp"
#include "gateway/world.hpp"
#include "tls/stream.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// What a database showed: its leaf and what verification found above it, where it looked.
std::vector<pki::Certificate> chain_of(tls::Peer const& peer);

class BackLink {
 public:
    BackLink(net::Loop& loop, Target const& target) : loop_(loop), target_(target) {}

    /// Connects, and sends `proxy_header` where the backend is set to take one. A second call
    /// begins anew. Errc::network and the like, timed_out after hang_up().
    net::Task<Result<void>> connect(Endpoint const& endpoint, Buffer proxy_header);
    /// TLS in the client's role; the backend has agreed to it before. Errc::tls_failed and the
    /// like, no_application_protocol where it must be agreed on (negotiation = "direct") and is
    /// not.
    net::Task<Result<void>> secure(tls::BackWish const& wish);

    tls::Stream& stream() { return *stream_; }
    /// What went wrong, in words for the log.
    std::string const& detail() const { return detail_; }

    /// Ends whatever is under way, and what would come after it.
    void hang_up();
    /// Ends only the connection: the next address may be tried.
    void drop();
    bool has_given_up() const { return has_given_up_; }

 private:
    net::Loop& loop_;
    Target const& target_;
    std::optional<tls::Stream> stream_;
    std::string detail_;
    bool has_given_up_ = false;
};

}  // namespace sallyport::gateway
