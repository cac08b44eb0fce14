#include "gateway/postgres/refusal.hpp"

namespace sallyport::gateway {

using postgres::ServerError;

namespace {

constexpr auto severity = "FATAL";

ServerError fatal(std::string code, std::string message, std::string hint = {}) {
    return {severity, std::move(code), std::move(message), {}, std::move(hint)};
}

/// For every failure on the way to the database: worth another try, and nobody's password is wrong.
ServerError unreachable(std::string const& backend) {
    return fatal("08006", "could not connect to database server \"" + backend +
                              "\" through sallyport; try again later");
}

/// As PostgreSQL says it of a connection that no rule of pg_hba.conf lets in.
std::string no_entry(RefusedClient const& client) {
    return "no pg_hba.conf entry for host \"" + client.host + "\", user \"" + client.user +
           "\", database \"" + client.database + "\", " +
           (client.is_tls ? "SSL encryption" : "no encryption");
}

ServerError unsupported(std::uint32_t version) {
    auto const major = std::to_string(postgres::protocol_major(version));
    auto const minor = std::to_string(version & 0xffffU);
    return fatal("0A000", "unsupported frontend protocol " + major + "." + minor +
                              ": server supports 3.0 to 3.2");
}

ServerError binding_not_relayed(std::string const& backend) {
    return fatal("28000",
                 "SCRAM channel binding cannot be relayed to database server \"" + backend +
                     "\": it has another certificate than sallyport",
                 "Set scram = \"verifier\" (with auth-user or auth-file) or scram = \"password\" "
                 "for this backend, or give both the same certificate and key; or connect with "
                 "channel_binding=disable.");
}

}  // namespace

std::optional<ServerError> refusal_for(Ending const& ending, RefusedClient const& client) {
    if (ending.leg == Leg::back) return unreachable(client.backend);
    if (ending.stage == Stage::handshake) return std::nullopt;
    switch (ending.reason) {
        case Errc::tls_required:
            return fatal("28000", no_entry(client),
                         "This server takes encrypted connections only: connect with "
                         "sslmode=require or stronger.");
        case Errc::certificate_required:
        case Errc::account_refused:
            return fatal("28000", no_entry(client));
        case Errc::binding_not_relayed:
            return binding_not_relayed(client.backend);
        case Errc::binding_wrong:
            return fatal("28000", "SCRAM channel binding check failed");
        case Errc::verifier_unavailable:
            return unreachable(client.backend);
        case Errc::too_many_sessions:
            return fatal("53300", "sorry, too many clients already");
        case Errc::old_protocol:
            return unsupported(client.version);
        case Errc::timed_out:
            return fatal("08P01", "the login took too long");
        case Errc::malformed:
        case Errc::too_large:
        case Errc::unexpected_packet:
            return fatal("08P01", "malformed or unexpected message before the end of the login");
        default:
            return std::nullopt;
    }
}

}  // namespace sallyport::gateway
