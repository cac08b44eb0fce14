// The dialogues that open a MySQL connection, as steps (wire/step.hpp): one towards the client, two
// towards the database. What happens between them (policy, routing, dialling) is the gateway's.
// DESIGN section 4 has the order; docs/wire/mysql.md the bytes.
#pragma once

#include "base/errc.hpp"
#include "wire/mysql/messages.hpp"
#include "wire/mysql/packet.hpp"
#include "wire/step.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::mysql {

/// To the client: greet, take an SSLRequest and TLS where it wants them, take the login.
class FrontOpening {
 public:
    /// The greeting is sent as it is: CLIENT_SSL in it says whether TLS is on offer.
    explicit FrontOpening(Greeting greeting);

    /// Fails with malformed, too_large, old_protocol, capabilities_changed or unexpected_packet.
    /// A client that asks for TLS without having been offered it is unexpected_packet.
    wire::Step resume(Bytes input);

    /// The client's login. Its capabilities are cut down to those of the greeting. After `done`
    /// only.
    Login const& login() const { return login_; }
    Login& login() { return login_; }
    /// The sequence number that the next packet to the client must carry: valid at any time.
    std::uint8_t next_sequence() const { return sequence_; }

 private:
    enum class State {
        start,         ///< nothing is sent yet; ends by sending the greeting
        greeted,       ///< the greeting is out; ends by asking for a header
        first_header,  ///< a header is awaited: of an SSLRequest or of a login
        first_head,    ///< the first bytes of its payload are awaited: they say which
        first_rest,    ///< a login in plain text: the rest of its payload is awaited
        tls,           ///< TLS was asked for and is being agreed on
        login_header,  ///< TLS is up; the login's header is awaited
        login_body,    ///< its payload is awaited
        done,          ///< login() is what the client said
    };

    wire::Step take_header(Bytes input, State next);
    wire::Step take_first_head(Bytes head);
    wire::Step take_login(Bytes payload);
    wire::Step ask(State next, std::size_t size);

    Greeting greeting_;
    Buffer out_;
    Buffer payload_;
    std::optional<LoginHead> ssl_request_;
    Login login_;
    std::size_t length_ = 0;
    std::uint8_t sequence_ = 0;
    State state_ = State::start;
};

/// To the database, first half: read its greeting, or the error it answers the connect with.
class BackGreeting {
 public:
    /// Fails with malformed or too_large; an ERR packet is `done` with error() set.
    wire::Step resume(Bytes input);

    Greeting const& greeting() const { return greeting_; }
    std::optional<ServerError> const& error() const { return error_; }

 private:
    enum class State {
        start,   ///< ends by asking for a header
        header,  ///< the header is awaited
        body,    ///< its payload is awaited
        done,    ///< greeting() or error() is what the database said
    };

    wire::Step take_header(Bytes input);
    wire::Step take_body(Bytes payload);

    Greeting greeting_;
    std::optional<ServerError> error_;
    Header header_;
    State state_ = State::start;
};

/// To the database, second half: SSLRequest and TLS where `use_tls`, then the login as given.
/// The answer to the login is not read here: it is relayed (login_watch.hpp).
class BackLogin {
 public:
    BackLogin(Login login, bool use_tls);
    wire::Step resume(Bytes input);

    /// The sequence number that the database's next packet carries.
    std::uint8_t next_sequence() const { return sequence_; }

 private:
    enum class State {
        start,        ///< ends by sending the SSLRequest, or the login where there is no TLS
        ssl_request,  ///< the SSLRequest is out; ends by asking for TLS
        tls,          ///< TLS is up; ends by sending the login
        done,         ///< the login is out
    };

    wire::Step send(Buffer const& payload, State next);

    Login login_;
    Buffer out_;
    bool use_tls_;
    std::uint8_t sequence_ = 1;
    State state_ = State::start;
};

/// The plugin that our logins name: no server has it, so every server asks for a switch.
inline constexpr std::string_view auth_switch_plugin = "auth_switch_please";

/// The login to send on behind our own greeting: capabilities cut down to the backend's, an
/// authentication plugin that no server has (auth_switch_plugin) and no authentication data, so
/// that the database answers with AuthSwitchRequest, naming its real plugin and its own scramble.
/// Errc:: backend_incompatible where the client relies on a capability (of those that change the
/// format of later packets) that this backend lacks.
Result<Login> login_for(Login const& client, Greeting const& backend);

}  // namespace sallyport::mysql
