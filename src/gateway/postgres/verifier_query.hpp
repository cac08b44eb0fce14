// Asks a database for one user's SCRAM verifier, with the service account auth-user: one
// connection, one question. It is a client of its own, not a mirror of anybody.
#pragma once

#include "gateway/back_link.hpp"
#include "gateway/postgres/message_io.hpp"
#include "gateway/postgres/verifiers.hpp"

#include <optional>
#include <string>

namespace sallyport::gateway {

class VerifierQuery {
 public:
    /// `address_index` of the target's addresses is where the session is, too: replicas may lag.
    VerifierQuery(net::Loop& loop, Target const& target, std::size_t address_index);

    /// The verifier of `user`; empty where the database has no such user, or one without a SCRAM
    /// password. Errc::verifier_unavailable with the cause in detail(). The caller bounds the time
    /// with hang_up().
    net::Task<Result<std::optional<ScramVerifier>>> ask(Endpoint const& endpoint,
                                                        std::string const& user);
    std::string const& detail() const { return detail_; }
    void hang_up() { link_.hang_up(); }
    BackLink& link() { return link_; }

 private:
    net::Task<Result<void>> open(Endpoint const& endpoint);
    net::Task<Result<void>> log_in();
    net::Task<Result<void>> authenticate();
    net::Task<Result<void>> authenticate_in_cleartext();
    net::Task<Result<void>> authenticate_by_scram(Bytes mechanisms);
    net::Task<Result<std::optional<ScramVerifier>>> query(std::string const& user);

    net::Task<Result<Message>> next_message();
    net::Task<Result<std::string>> next_scram_message(postgres::Auth kind);
    net::Task<Result<void>> send(Buffer message);
    Buffer end_point();
    bool is_verified();
    Errc failed(std::string_view why);
    Errc failed(error_code const& error);

    Target const& target_;
    std::size_t address_index_;
    BackLink link_;
    std::string_view step_;  ///< what is being done, for detail_
    std::string detail_;
};

}  // namespace sallyport::gateway
