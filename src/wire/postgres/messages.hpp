// The messages of PostgreSQL's protocol 3, as far as a login needs them. Reader and writer of one
// message stand side by side. Source: PostgreSQL documentation, "Message Formats" (chapter 55.7).
//
// Two kinds: what opens a connection (SSLRequest, GSSENCRequest, CancelRequest, StartupMessage) is
// a length and a code; everything later is a type byte and a length. Lengths count themselves, but
// not the type byte.
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::postgres {

/// Length and code: the first eight bytes of whatever opens a connection.
struct OpeningHead {
    std::uint32_t length;  ///< of the whole packet, these eight bytes included
    std::uint32_t code;    ///< one of `opening`, or a protocol version
};
inline constexpr std::size_t opening_head_size = 8;
/// Only cuts the fields; whether a length fits its code is the reader's of that packet.
OpeningHead read_opening_head(Bytes eight);

namespace opening {
inline constexpr std::uint32_t ssl_request = 80877103;
inline constexpr std::uint32_t gss_request = 80877104;
inline constexpr std::uint32_t cancel_request = 80877102;
}  // namespace opening

inline constexpr std::uint32_t protocol_3_0 = 3U << 16U;
inline constexpr std::uint16_t protocol_major(std::uint32_t version) {
    return static_cast<std::uint16_t>(version >> 16U);
}

/// PostgreSQL's MAX_STARTUP_PACKET_LENGTH, without the length word that it does not count.
inline constexpr std::size_t max_startup = 10'000 + 4;

/// StartupMessage. `packet` is what the client sent, and what goes on, byte for byte.
struct Startup {
    std::uint32_t protocol = protocol_3_0;
    std::vector<std::pair<std::string, std::string>> parameters;
    Buffer packet;

    /// The value of a parameter; empty where it is not there.
    std::string_view find(std::string_view name) const;
    std::string_view user() const { return find("user"); }
    /// The user's name where none is given, as the server has it.
    std::string_view database() const;
};
/// From the whole packet. Errc::malformed (a text without its NUL, no terminator as the last byte,
/// no user, a "USER" or "Database" in other letters), old_protocol where the major version is not
/// 3, too_large.
Result<Startup> read_startup(Bytes packet);
/// The packet for these parameters; no text may have a NUL in it.
Buffer write_startup(std::uint32_t protocol,
                     std::vector<std::pair<std::string, std::string>> const& parameters);

Buffer write_ssl_request();

/// What BackendKeyData gives out and CancelRequest asks with. Protocol 3.0 has keys of 4 bytes;
/// from 3.2 on they have 4 to 256.
struct CancelKey {
    std::uint32_t process = 0;
    Buffer secret;
    friend bool operator==(CancelKey const&, CancelKey const&) = default;
};
inline constexpr std::size_t min_secret = 4;
inline constexpr std::size_t max_secret = 256;
inline constexpr std::size_t max_cancel_request = opening_head_size + 4 + max_secret;
/// From the whole packet. Errc::malformed.
Result<CancelKey> read_cancel_request(Bytes packet);
Buffer write_cancel_request(CancelKey const& key);

/// Type and length: the first five bytes of every later message.
struct MessageHead {
    char type;
    std::uint32_t body;  ///< bytes that follow the head
};
inline constexpr std::size_t message_head_size = 5;
/// Errc::malformed where the length is less than its own four bytes.
Result<MessageHead> read_message_head(Bytes five);
/// The whole message.
Buffer make_message(char type, Bytes body);

/// The types that a login is made of.
namespace message {
inline constexpr char authentication = 'R';     ///< from the database
inline constexpr char backend_key_data = 'K';   ///< from the database
inline constexpr char error_response = 'E';     ///< from the database
inline constexpr char notice_response = 'N';    ///< from the database
inline constexpr char negotiate_version = 'v';  ///< from the database
inline constexpr char parameter_status = 'S';   ///< from the database
inline constexpr char ready_for_query = 'Z';    ///< from the database
inline constexpr char data_row = 'D';           ///< from the database
inline constexpr char password = 'p';           ///< from the client: any answer to 'R'
inline constexpr char terminate = 'X';          ///< from the client
}  // namespace message

/// What a client may send as one answer while it logs in: PostgreSQL's PG_MAX_AUTH_TOKEN_LENGTH.
inline constexpr std::size_t max_auth_answer = 65'535;
/// What we take from a database as one message that we must see whole: libpq takes 30,000 bytes of
/// an error before it calls the connection broken; an authentication token may be larger.
inline constexpr std::size_t max_login_message = 32 * 1024;

/// AuthenticationXXX: what the database wants of the client.
enum class Auth : std::uint32_t {
    ok = 0,
    cleartext = 3,
    md5 = 5,
    gss = 7,
    gss_continue = 8,
    sspi = 9,
    sasl = 10,           ///< data: the mechanisms' names
    sasl_continue = 11,  ///< data: the mechanism's
    sasl_final = 12,     ///< data: the mechanism's; needs no answer
};
struct AuthRequest {
    Auth kind;
    Bytes data;  ///< borrowed from the body
};
/// From the body of an 'R'. Errc::malformed where it is too short.
Result<AuthRequest> read_auth(Bytes body);
/// The whole message.
Buffer write_auth(Auth kind, Bytes data = {});

/// The list in AuthenticationSASL. Errc::malformed where it is not NUL-terminated texts.
Result<std::vector<std::string>> read_mechanisms(Bytes data);
Buffer write_mechanisms(std::vector<std::string> const& mechanisms);

/// SASLInitialResponse, the first 'p' of a SASL exchange.
struct SaslInitial {
    std::string mechanism;
    std::string data;  ///< empty where the client sent none (length -1)
};
/// From the body of a 'p'. Errc::malformed.
Result<SaslInitial> read_sasl_initial(Bytes body);
/// The whole message.
Buffer write_sasl_initial(SaslInitial const& initial);

/// PasswordMessage: a text and its NUL. Errc::malformed where the NUL is not the last byte.
Result<std::string_view> read_password(Bytes body);
/// The whole message.
Buffer write_password(std::string_view password);

/// From the body of a 'K'. Errc::malformed: shorter than 8 bytes, or a secret over max_secret.
Result<CancelKey> read_backend_key(Bytes body);
/// Where the secret begins in the body of a 'K'.
inline constexpr std::size_t secret_offset = 4;

/// ErrorResponse and NoticeResponse, with the fields that we use (chapter 55.8).
struct ServerError {
    std::string severity = "FATAL";
    std::string code;  ///< SQLSTATE, five characters
    std::string message;
    std::string detail{};  ///< empty: none
    std::string hint{};    ///< empty: none
};
/// From the body of an 'E' or 'N'. Errc::malformed. Fields that we do not use are passed over.
Result<ServerError> read_error(Bytes body);
/// The whole message, an 'E'.
Buffer write_error(ServerError const& error);

}  // namespace sallyport::postgres
