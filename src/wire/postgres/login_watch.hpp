// Follows a login that is relayed: whether the database is satisfied, whether the client answers
// only what it is asked, and the BackendKeyData that must not reach the client as it is. From
// ReadyForQuery on nothing is looked at any more.
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"
#include "wire/postgres/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace sallyport::postgres {

class LoginWatch {
 public:
    /// Is given the database's key, and its secret's bytes on their way to the client: to be
    /// overwritten with one of ours of the same length.
    using Rekey = std::function<void(CancelKey const& real, MutableBytes secret)>;

    enum class Outcome {
        pending,   ///< the database has not decided
        refused,   ///< it said ErrorResponse: error() has it, and nothing behind it goes on
        accepted,  ///< it said AuthenticationOk; parameters and the key follow
        ready,     ///< it said ReadyForQuery: the login is over
    };

    explicit LoginWatch(Rekey rekey) : rekey_(std::move(rekey)) {}

    /// What the database says next. Returns how many of the bytes may go on: a message that must be
    /// seen whole ('R', 'K', 'E') is kept back until it is; the caller gives what was kept back
    /// again, with more behind it. Errc::malformed, too_large (over max_login_message).
    Result<std::size_t> from_back(MutableBytes chunk);
    /// What the client says next: before AuthenticationOk only answers ('p', up to
    /// max_auth_answer), one for each request. Errc::unexpected_packet, too_large, malformed. Keeps
    /// nothing back but a head that is not whole.
    Result<std::size_t> from_front(Bytes chunk);

    Outcome outcome() const { return outcome_; }
    /// The client was asked, and has not answered in full.
    bool awaits_answer() const { return is_asked_ || front_skip_ > 0; }
    /// What the database refused with; null: nothing.
    ServerError const* error() const { return error_.get(); }

 private:
    Result<void> follow(MessageHead const& head);
    Result<void> take(MessageHead const& head, MutableBytes body);

    Rekey rekey_;
    Outcome outcome_ = Outcome::pending;
    std::unique_ptr<ServerError const> error_;  ///< apart: most sessions never have one
    std::uint32_t back_skip_ = 0;   ///< bytes of a message from the database that just pass
    std::uint32_t front_skip_ = 0;  ///< bytes of an answer from the client that just pass
    bool is_asked_ = false;         ///< the database waits for an answer
    bool has_key_ = false;          ///< BackendKeyData has passed; there is one
};

}  // namespace sallyport::postgres
