#include "gateway/session_record.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"

#include <array>

namespace sallyport::gateway {
namespace {

bool is_ordinary(Ending const& ending) {
    switch (ending.reason) {
        case Errc::client_quit:
        case Errc::cancel_request:
        case Errc::draining:
            return true;
        case Errc::peer_closed:
        case Errc::peer_vanished:
            // Many drivers leave without a goodbye. A database that leaves before it has let the
            // client in has refused it.
            return ending.leg == Leg::front || ending.stage >= Stage::relay;
        default:
            return false;
    }
}

/// Milliseconds from `begin` to `end`; -1 where that point was not reached.
double elapsed(SessionRecord::Clock::time_point begin, SessionRecord::Clock::time_point end) {
    if (end == SessionRecord::Clock::time_point{}) return -1;
    return std::chrono::duration<double, std::milli>(end - begin).count();
}

}  // namespace

void write_log(SessionRecord const& record) {
    auto const level = is_ordinary(record.ending) ? log::Level::info : log::Level::warn;
    std::array const fields{
        log::Field("listener", record.listener),
        log::Field("client", record.client),
        log::Field("backend", record.backend),
        log::Field("backend_address", record.backend_address),
        log::Field("connection_id", record.connection_id),
        log::Field("backend_connection_id", record.backend_connection_id),
        log::Field("sni", record.sni),
        log::Field("tls_version", record.tls_version),
        log::Field("tls_cipher", record.tls_cipher),
        log::Field("resumed", record.resumed),
        log::Field("backend_resumed", record.backend_resumed),
        log::Field("chain", record.chain),
        log::Field("client_subject", record.client_subject),
        log::Field("client_serial", record.client_serial),
        log::Field("client_fingerprint", record.client_fingerprint),
        log::Field("user", record.user),
        log::Field("database", record.database),
        log::Field("leg", name(record.ending.leg)),
        log::Field("stage", name(record.ending.stage)),
        log::Field("reason", name(record.ending.reason)),
        log::Field("detail", record.detail),
        log::Field("bytes_in", record.bytes_in),
        log::Field("bytes_out", record.bytes_out),
        log::Field("handshake_ms", elapsed(record.accepted, record.secured)),
        log::Field("login_ms", elapsed(record.accepted, record.logged_in)),
        log::Field("session_ms", elapsed(record.accepted, SessionRecord::Clock::now())),
    };
    metrics::count_ending(record.ending.reason);
    log::write(level, "session ended", fields.data(), fields.size());
}

}  // namespace sallyport::gateway
