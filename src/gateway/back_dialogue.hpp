// What one protocol says on a fresh connection to a database, up to the login: for sessions, which
// show the database what their front leg is, and for health checks, which only want to know whether
// it lives.
#pragma once

#include "gateway/backend.hpp"
#include "tls/stream.hpp"

#include <optional>
#include <string>

namespace sallyport::gateway {

/// A database's answer to the wish for TLS.
enum class TlsAnswer {
    handshake,  ///< it comes next
    none,       ///< the database has no TLS; the login may follow in plain text
};

class BackDialogue {
 public:
    virtual ~BackDialogue() = default;

    /// What the database says first, where it is the one to speak first. Forgets what an earlier
    /// connection said. Errc::backend_refused where it greets with an error; detail() has it.
    virtual net::Task<Result<void>> greet(tls::Stream& stream) = 0;
    /// Asks for TLS. Plain text is agreed on by not calling this.
    virtual net::Task<Result<TlsAnswer>> ask_for_tls(tls::Stream& stream) = 0;
    /// Sends the login. What the database answers is not read here.
    virtual net::Task<Result<void>> log_in(tls::Stream& stream) = 0;

    /// What greet() has learned of the database, where that proves that it lives.
    virtual std::optional<Backend::Facts> facts() const = 0;
    /// Why the last step failed, in words for the log; empty where the error says it all.
    virtual std::string detail() const = 0;
};

/// A dialogue that a health check has.
class HealthDialogue : public BackDialogue {
 public:
    /// Reads the database's answer to the login, and takes leave. Any answer will do that a live
    /// database gives: "access denied" is one.
    virtual net::Task<Result<void>> await_verdict(tls::Stream& stream) = 0;
};

}  // namespace sallyport::gateway
