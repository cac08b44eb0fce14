// Two pumps, one for each direction, between the legs of one session: first while the database
// judges the login, then for the rest of the session's life.
//
// The relay owns no buffer of its own: bytes go through the worker's scratch buffer, and only what
// the other leg could not take at once is kept, which pauses reading on that side (back-pressure).
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"
#include "gateway/relay_watch.hpp"
#include "net/deadline.hpp"
#include "net/wakeup.hpp"
#include "tls/stream.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace sallyport::gateway {

/// What a relay tells its session.
class RelayEvents {
 public:
    /// The database accepted the login.
    virtual void on_login() = 0;
    /// The session ends because of what one side sent, or because the database left without a word
    /// about the login; the client is still there and can be told.
    virtual void on_fault(Ending const& ending) = 0;

 protected:
    ~RelayEvents() = default;
};

class Relay final : private net::ReadyHandler {
 public:
    struct Legs {
        tls::Stream& front;
        tls::Stream& back;
    };

    /// `scratch` is the worker's; nothing stays in it between two calls. `linger` bounds how long
    /// one side may go on after the other has finished.
    Relay(Legs legs, MutableBytes scratch, std::chrono::milliseconds linger, RelayWatch& watch,
          RelayEvents& events);
    ~Relay();

    /// Passes on what there is, and resumes when it is time for another turn. To be awaited until
    /// is_over(). No coroutine, whose frame would live as long as the session.
    net::Task<> turn();
    /// Both sides are done.
    bool is_over() const { return in_.finished && out_.finished; }
    /// Where and why the first side was done; once the relay is over.
    Ending ending() const { return *ending_; }
    /// Ends the session: what was to be the reason, unless it has one already.
    void hang_up(Ending why);

    std::uint64_t bytes_in() const { return in_.bytes; }    ///< client to database
    std::uint64_t bytes_out() const { return out_.bytes; }  ///< database to client

 private:
    /// One direction. Paused while `unsent` holds something; over when `finished`.
    struct Direction {
        tls::Stream& from;
        tls::Stream& to;
        Leg reading;
        Buffer unsent{};     ///< what `to` could not take
        Buffer held{};       ///< the start of a message that the watch wants to see whole
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
    void send(Direction& direction, Bytes chunk);
    std::size_t fill(Direction& direction);
    /// How many of the bytes may go on now; the rest is held back.
    Result<std::size_t> inspect(Leg reading, MutableBytes chunk);
    /// True when nothing is unsent (any more).
    bool flush(Direction& direction);
    void finish(Direction& direction);
    void fail_sending(Direction& direction, error_code const& why);
    void note(Leg leg, error_code const& why);
    void start_linger();
    Stage stage() const { return logged_in_ ? Stage::relay : Stage::auth; }

    Direction in_;
    Direction out_;
    MutableBytes scratch_;
    std::chrono::milliseconds linger_limit_;
    RelayWatch& watch_;
    RelayEvents& events_;
    net::Wakeup wakeup_;  ///< wakes who awaits turn(): the relay is over, or wants another turn
    std::unique_ptr<net::Deadline> linger_;
    std::optional<Ending> ending_;
    bool logged_in_;
};

}  // namespace sallyport::gateway
