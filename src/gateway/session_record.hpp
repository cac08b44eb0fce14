// What is remembered of a session for its one log line. Names and numbers only: no secrets, no
// query text.
#pragma once

#include "base/errc.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::gateway {

struct SessionRecord {
    using Clock = std::chrono::steady_clock;

    std::string listener;
    std::string client;
    std::string backend;
    std::string backend_address;
    std::string sni;
    std::string_view tls_version;  ///< as in tls::Peer, and the next one likewise
    std::string_view tls_cipher;
    std::string_view chain;  ///< that the client was shown: "main", "canary"; empty: no TLS
    std::string client_subject;
    std::string client_serial;
    std::string client_fingerprint;
    std::string user;
    std::string database;
    std::string detail;
    std::uint32_t connection_id = 0;
    std::uint32_t backend_connection_id = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    bool resumed = false;          ///< the front leg
    bool backend_resumed = false;  ///< the back leg
    Ending ending;
    Clock::time_point accepted = Clock::now();
    Clock::time_point secured{};    ///< the front leg's TLS is up and the login read
    Clock::time_point logged_in{};  ///< the database said OK
};

/// Writes the "session ended" line: warn for refusals and faults, info for ordinary endings.
void write_log(SessionRecord const& record);

}  // namespace sallyport::gateway
