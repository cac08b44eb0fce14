// Which session may be cancelled with which key: what clients were given in BackendKeyData, and
// what the database gave. The secrets that clients hold are ours, so that nobody who only talks to
// the database, or to another door, can know them; the process id is the database's own, so that
// pg_stat_activity and pg_cancel_backend() speak of the same numbers as the client does.
#pragma once

#include "gateway/endpoint.hpp"
#include "gateway/world.hpp"
#include "identity/lru.hpp"
#include "wire/postgres/messages.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace sallyport::gateway {

/// Where a cancel request goes.
struct CancelRoute {
    std::shared_ptr<Target const> target;
    std::size_t address_index = 0;  ///< of the backend's addresses: for the name in its certificate
    Endpoint endpoint;              ///< the very server that runs the session
    bool use_tls = false;           ///< as the session's back leg
    postgres::CancelKey key;        ///< the database's
};

class CancelKeys {
 public:
    using Clock = std::chrono::steady_clock;

    /// Wrong keys that one client address may try in a row, and how long one of them takes to be
    /// forgiven. A 4-byte secret then takes longer to find than any session lives: 2^31 tries on
    /// average at ten a minute are four centuries, for one process id and one client network.
    static constexpr std::uint32_t guesses = 10;
    static constexpr std::chrono::seconds forgiven_after{6};
    /// Client addresses whose wrong guesses are remembered; the oldest is forgotten first.
    static constexpr std::size_t max_guessers = 10'000;

    /// Fills `secret` (of at least 4 bytes) with random bytes and remembers that they lead to
    /// `route`, for the session with this id. Throws system_error where the kernel has no
    /// randomness to give. Safe from any thread, as all of these.
    void add(std::uint64_t session, CancelRoute route, MutableBytes secret);
    /// The session is over: none of its keys leads anywhere any more.
    void remove(std::uint64_t session);
    /// A number that no other session has.
    std::uint64_t next_session();

    /// Where `key` leads; nothing where it is no session's, or where this client (an IP address; a
    /// network of 64 bits in IPv6) has guessed too often lately.
    std::optional<CancelRoute> find(postgres::CancelKey const& key, Endpoint const& client,
                                    Clock::time_point now = Clock::now());

 private:
    struct Entry {
        std::uint64_t session;
        Buffer secret;  ///< what the client was given
        CancelRoute route;
    };
    /// How far a client has used up its guesses.
    struct Guesser {
        double used = 0;
        Clock::time_point at{};
    };

    Entry const* look_up(postgres::CancelKey const& key) const;
    double used_guesses(std::string const& client, Clock::time_point now) const;

    std::mutex mutex_;  ///< held for a look-up, once or twice per session and per cancel
    std::unordered_multimap<std::uint32_t, Entry> entries_;            ///< by process id
    std::unordered_multimap<std::uint64_t, std::uint32_t> processes_;  ///< of entries_, by session
    identity::Lru<Guesser> guessers_{max_guessers};
    std::uint64_t last_session_ = 0;
};

}  // namespace sallyport::gateway
