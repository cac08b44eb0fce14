// The TLS sessions that databases gave us tickets for, so that the next back leg need not prove and
// verify everything anew. They live in the SSL_CTX of one BackContext: a reload begins with none.
//
// A resumed handshake verifies nothing: what the first one proved is taken for granted, by both
// sides. So a session serves only connections that are alike in everything (the key), and its time
// runs from the last full handshake, however many tickets have been handed on since.
//
// What that means for the database: it judges a mirrored certificate in the full handshake only. A
// CRL or a CA that it reloads does not end the sessions that it has given tickets for, as with any
// other client, unless it changes its ticket keys (MariaDB's FLUSH SSL does). Hence the short term
// for mirrored certificates. Clients themselves are judged by our front leg every time.
#pragma once

#include "tls/handles.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>

namespace sallyport::tls {

struct BackWish;

/// SHA-256 over all that two connections must have in common for one to resume the other.
using BackSessionKey = std::array<unsigned char, 32>;

class BackSessions {
 public:
    using Time = std::chrono::system_clock::time_point;

    /// Since the full handshake. TLS 1.3 would allow a week (RFC 8446 section 4.6.1).
    static constexpr std::chrono::minutes term{60};
    static constexpr std::chrono::minutes mirrored_term{5};
    /// OpenSSL's servers give two tickets for a handshake; more would serve a burst of equals.
    static constexpr std::size_t max_per_key = 8;
    /// Some 4 KiB each, most of it the ticket: 4 MiB.
    static constexpr std::size_t max_sessions = 1000;

    struct Entry {
        SslSessionPtr session;
        Time until;  ///< when it must not be used any more
    };

    /// Makes `context` remember the sessions of those connections that prepare() has seen.
    static void attach(SSL_CTX& context);
    /// Those of the context that `ssl` was made in.
    static BackSessions& of(SSL& ssl);
    /// Lets `ssl`, whose handshake has not begun, resume a session that is kept under its wish,
    /// and keep those that it will be given.
    static void prepare(SSL& ssl, BackWish const& wish, Time now);
    /// Puts the session of TLS 1.2 and below back, which may serve again, once `ssl` has resumed
    /// it. In TLS 1.3 the database gives a new ticket.
    static void put_back(SSL& ssl);
    /// The handshake has failed. Where it was to resume a session, none is offered for a while:
    /// there are servers that give tickets and then fail at them, and only one client is to pay.
    static void on_failure(SSL& ssl, Time now);
    static constexpr std::chrono::minutes pause{10};

    void keep(BackSessionKey const& key, Entry entry, Time now);
    /// Takes one out, whose time is not over: a session serves one connection (RFC 8446 appendix
    /// C.4). Null where there is none.
    Entry take(BackSessionKey const& key, Time now);
    std::size_t size() const;

 private:
    void make_room(Time now);

    mutable std::mutex mutex_;                          ///< held for a look-up or two per handshake
    std::map<BackSessionKey, std::deque<Entry>> kept_;  ///< the oldest of a key first
    std::size_t size_ = 0;
    Time paused_until_{};
};

}  // namespace sallyport::tls
