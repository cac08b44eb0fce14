// Two pumps, one for each direction, between the legs of one session: first while the database
// judges the login, then for the rest of the session's life.
//
// The relay owns no buffer of its own: bytes go through the worker's scratch buffer, and only what
// the other leg could not take at once is kept, which pauses reading on that side (back-pressure).
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"
#include "gateway/deadline.hpp"
#include "tls/stream.hpp"
#include "tls/wakeup.hpp"
#include "wire/mysql/command_watch.hpp"
#include "wire/mysql/login_watch.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace sallyport::gateway {

/// What a relay tells its session.
class RelayEvents {
 public:
    /// The database accepted the login.
    virtual void on_login() = 0;
    /// The database left without a word about the login; the client can still be told so.
    virtual void on_unanswered() = 0;
    /// The client asks to become another user; an error ends the session before the database hears
    /// of it.
    virtual Result<void> on_change_user(std::string user) = 0;
    /// The database said OK to ALTER INSTANCE RELOAD TLS or FLUSH SSL.
    virtual void on_reload() = 0;

 protected:
    ~RelayEvents() = default;
};

class Relay final : private tls::ReadyHandler {
 public:
    struct Legs {
        tls::Stream& front;
        tls::Stream& back;
    };

    /// `scratch` is the worker's; nothing stays in it between two calls. `linger` bounds how long
    /// one side may go on after the other has finished.
    Relay(Legs legs, MutableBytes scratch, std::chrono::milliseconds linger,
          mysql::LoginWatch login, mysql::CommandWatch commands, RelayEvents& events);
    ~Relay();

    /// Passes bytes on until both sides are done; tells where and why the first one was.
    tls::Task<Ending> run();
    /// Ends the session: what was to be the reason, unless it has one already.
    void hang_up(Ending why);

    std::uint64_t bytes_in() const { return in_.bytes; }    ///< client to database
    std::uint64_t bytes_out() const { return out_.bytes; }  ///< database to client
    bool logged_in() const { return login_.outcome() == mysql::LoginWatch::Outcome::accepted; }
    std::optional<mysql::ServerError> const& login_error() const { return login_.error(); }

 private:
    /// One direction. Paused while `unsent` holds something; over when `finished`.
    struct Direction {
        tls::Stream& from;
        tls::Stream& to;
        Leg reading;
        Buffer unsent{};     ///< what `to` could not take
        Buffer held{};       ///< the start of a command that the watch wants to see whole
        error_code ended{};  ///< why `from` has no more; its last bytes may be unsent still
        std::uint64_t bytes = 0;
        bool finished = false;
    };

    // Rounds of one pump before other sessions of the worker get their turn.
    static constexpr int rounds_per_turn = 8;

    void on_ready() override;
    /// Pumps both directions. True where it stopped for fairness, with more to do.
    bool take_turn();
    bool pump(Direction& direction);
    /// One reading and what follows from it. False where there was nothing to read after all.
    bool carry(Direction& direction);
    std::size_t fill(Direction& direction);
    /// How many of the bytes may go on now; the rest is held back.
    Result<std::size_t> inspect(Leg reading, MutableBytes chunk);
    Result<std::size_t> inspect_login(Leg reading, MutableBytes chunk);
    /// True when nothing is unsent (any more).
    bool flush(Direction& direction);
    void finish(Direction& direction);
    void fail_sending(Direction& direction, error_code const& why);
    void note(Leg leg, error_code const& why);
    void start_linger();
    bool is_over() const { return in_.finished && out_.finished; }
    Stage stage() const { return logged_in() ? Stage::relay : Stage::auth; }

    Direction in_;
    Direction out_;
    MutableBytes scratch_;
    std::chrono::milliseconds linger_limit_;
    mysql::LoginWatch login_;
    mysql::CommandWatch commands_;
    RelayEvents& events_;
    tls::Wakeup wakeup_;  ///< wakes run(): the relay is over, or wants another turn
    std::optional<Deadline> linger_;
    std::optional<Ending> ending_;
};

}  // namespace sallyport::gateway
