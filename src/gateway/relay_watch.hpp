// What a protocol looks at, and changes, in the bytes that a relay passes: named here and nowhere
// else (DESIGN section 1, invariant 3).
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace sallyport::gateway {

class RelayWatch {
 public:
    virtual ~RelayWatch() = default;

    /// Bytes on their way to the database. Returns how many of them may go on now; the relay keeps
    /// the rest and gives it again with more behind it. An error ends the session before the
    /// database hears of them.
    virtual Result<std::size_t> from_front(MutableBytes chunk) = 0;
    /// Bytes on their way to the client, likewise.
    virtual Result<std::size_t> from_back(MutableBytes chunk) = 0;

    /// The database has accepted the login.
    virtual bool logged_in() const = 0;
    /// Whose turn it is in a login that is not over: who is to blame where it takes too long.
    virtual Leg awaited() const { return Leg::back; }
    /// How the session ended, where the watch has seen more than that a side is gone: a refused
    /// login, a client that quit.
    virtual std::optional<Ending> verdict() const = 0;
    /// What the database refused the login with, in words for the log; empty: it did not.
    virtual std::string refusal_text() const = 0;
};

}  // namespace sallyport::gateway
