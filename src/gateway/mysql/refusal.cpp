#include "gateway/mysql/refusal.hpp"

namespace sallyport::gateway {

using mysql::ServerError;

namespace {

/// For every failure on the way to the database: worth another try, and nobody's password is wrong.
ServerError unreachable(std::string const& backend) {
    return {
        1105, "HY000",
        "Can't connect to database server '" + backend + "' through sallyport; try again later"};
}

}  // namespace

std::optional<ServerError> refusal_for(Ending const& ending, std::string const& backend,
                                       std::string const& user, std::string const& host,
                                       bool with_password) {
    if (ending.leg == Leg::back) return unreachable(backend);
    switch (ending.reason) {
        case Errc::tls_required:
            return ServerError{3159, "HY000",
                               "Connections using insecure transport are prohibited while "
                               "--require_secure_transport=ON."};
        case Errc::certificate_required:
            // TLS itself has told the client with an alert; here it came without TLS.
            if (ending.stage == Stage::handshake) return std::nullopt;
            [[fallthrough]];
        case Errc::account_refused:
            return ServerError{1045, "28000",
                               "Access denied for user '" + user + "'@'" + host +
                                   "' (using password: " + (with_password ? "YES" : "NO") + ")"};
        case Errc::too_many_sessions:
            return ServerError{1040, "08004", "Too many connections"};
        case Errc::backend_unknown:
            return unreachable(backend);
        case Errc::malformed:
        case Errc::too_large:
        case Errc::old_protocol:
        case Errc::capabilities_changed:
        case Errc::unexpected_packet:
            if (ending.stage == Stage::handshake) return std::nullopt;
            return ServerError{1043, "08S01", "Bad handshake"};
        default:
            return std::nullopt;
    }
}

}  // namespace sallyport::gateway
