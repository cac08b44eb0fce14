// The messages of the connection phase, each with its reader and its writer.
// Payloads only: the packet header around them is packet.hpp's.
// Source: dev.mysql.com, Client/Server Protocol, "Connection Phase Packets"; MariaDB knowledge
// base, "Connecting", for the extended capabilities.
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::mysql {

/// Capability bits that we look at. MariaDB's extended ones are carried, never looked at.
/// Source: dev.mysql.com, Client/Server Protocol, "Capabilities Flags".
namespace capability {
/// A peer with this bit set is MySQL's; one with it clear is MariaDB's and has extended bits. (It
/// was LONG_PASSWORD once, and so older MySQL clients have it set, too.)
inline constexpr std::uint32_t mysql = 1U << 0;
inline constexpr std::uint32_t connect_with_db = 1U << 3;
inline constexpr std::uint32_t compress = 1U << 5;
inline constexpr std::uint32_t protocol_41 = 1U << 9;
inline constexpr std::uint32_t ssl = 1U << 11;
inline constexpr std::uint32_t secure_connection = 1U << 15;
inline constexpr std::uint32_t plugin_auth = 1U << 19;
inline constexpr std::uint32_t connect_attrs = 1U << 20;
inline constexpr std::uint32_t plugin_auth_lenenc = 1U << 21;
inline constexpr std::uint32_t session_track = 1U << 23;
inline constexpr std::uint32_t deprecate_eof = 1U << 24;
inline constexpr std::uint32_t optional_metadata = 1U << 25;
inline constexpr std::uint32_t zstd_compression = 1U << 26;
inline constexpr std::uint32_t query_attributes = 1U << 27;
inline constexpr std::uint32_t multi_factor = 1U << 28;
}  // namespace capability

inline constexpr std::size_t scramble_size = 20;
/// A login over this is refused before it is read (connection attributes may be 64 KiB each).
inline constexpr std::size_t max_login = 1024 * 1024;
/// A backend's greeting is some hundred bytes; more than this is not a greeting.
inline constexpr std::size_t max_greeting = 16 * 1024;

/// Protocol::HandshakeV10, the server's first packet.
struct Greeting {
    std::string version;  ///< e.g. "5.5.5-10.11.6-MariaDB"; decides how clients behave
    std::uint32_t connection_id = 0;
    std::string scramble;  ///< auth-plugin data without its final NUL: 20 bytes, at most 254
    std::uint32_t capabilities = 0;
    std::uint32_t extended = 0;  ///< MariaDB's, where CLIENT_MYSQL (bit 0) is not set; else 0
    std::uint8_t charset = 0;
    std::uint16_t status = 0;
    std::string plugin;  ///< default authentication plugin; empty without PLUGIN_AUTH
};

/// Errc::malformed for anything but a whole HandshakeV10 payload with PROTOCOL_41.
Result<Greeting> read_greeting(Bytes payload);
Buffer write_greeting(Greeting const& greeting);

/// The first 32 bytes that SSLRequest and a login share.
struct LoginHead {
    std::uint32_t capabilities = 0;
    std::uint32_t max_packet = 0;
    std::uint8_t charset = 0;
    std::uint32_t extended = 0;  ///< MariaDB's, last 4 of the 23 filler bytes
};
inline constexpr std::size_t login_head_size = 32;

/// Protocol::HandshakeResponse41, the client's login.
struct Login {
    LoginHead head;
    std::string user;
    std::string auth;      ///< the answer to the greeting's scramble: a secret, never logged
    std::string database;  ///< empty without CONNECT_WITH_DB
    std::string plugin;    ///< empty without PLUGIN_AUTH
    std::string
        attributes;  ///< the block as it came, without its length; empty without CONNECT_ATTRS
    std::uint8_t zstd_level = 0;
};

/// The head of either, from a payload that may go on. Errc::old_protocol without PROTOCOL_41,
/// Errc::malformed where the head is not whole.
Result<LoginHead> read_login_head(Bytes payload);

/// Errc::malformed where the payload is not login_head_size bytes of SSLRequest.
Result<LoginHead> read_ssl_request(Bytes payload);
Buffer write_ssl_request(LoginHead const& head);

/// Errc::old_protocol without PROTOCOL_41, Errc::malformed for any other fault.
Result<Login> read_login(Bytes payload);
/// Writes what the capabilities in `login.head` announce. `auth` over 255 bytes needs
/// PLUGIN_AUTH_LENENC among them; without, it is cut, and the database refuses it.
Buffer write_login(Login const& login);

/// Protocol::ERR_Packet.
struct ServerError {
    std::uint16_t code = 0;
    std::string sql_state;  ///< 5 characters; empty in errors sent before the client's login
    std::string message;
};
bool is_error(Bytes payload);
Result<ServerError> read_error(Bytes payload);
Buffer write_error(ServerError const& error);

}  // namespace sallyport::mysql
