// The dialogues that open a PostgreSQL connection, as steps (wire/step.hpp): one with the client,
// one with the database. What happens between them is the gateway's. DESIGN section 5 has the
// order; docs/wire/postgres.md the bytes.
#pragma once

#include "base/errc.hpp"
#include "wire/postgres/messages.hpp"
#include "wire/step.hpp"

#include <cstddef>
#include <optional>

namespace sallyport::postgres {

/// With the client: TLS in one of its two ways, or none, until it has said who it is (startup) or
/// which query it wants cancelled (cancel).
class FrontOpening {
 public:
    /// `offers_tls`: SSLRequest is answered with 'S'; else with 'N', and direct TLS is malformed.
    explicit FrontOpening(bool offers_tls) : offers_tls_(offers_tls) {}

    /// Fails with malformed, too_large, old_protocol, unexpected_packet (a second SSLRequest or
    /// GSSENCRequest, TLS inside TLS, plain bytes waiting behind a request for encryption:
    /// CVE-2021-23214).
    wire::Step resume(Bytes input);

    /// Whether TLS began without an SSLRequest: ALPN "postgresql" is required then. Known when TLS
    /// is asked for.
    bool is_direct() const { return is_direct_; }
    /// After `done`, one of the two is there.
    std::optional<Startup> const& startup() const { return startup_; }
    std::optional<CancelKey> const& cancel() const { return cancel_; }
    /// The version that an old_protocol client asked for; 0 before.
    std::uint32_t version() const { return version_; }

 private:
    enum class State {
        start,       ///< nothing is read; ends by peeking at the first byte
        first_byte,  ///< it is awaited: direct TLS begins with 0x16, a length never does
        head,        ///< length and code are awaited
        refusing,    ///< an 'N' is out; another head may follow
        glanced,     ///< behind a request for encryption: nothing may wait; ends by answering it
        answered,    ///< the 'S' is out; ends by asking for TLS
        tls,         ///< TLS was asked for and is being agreed on
        rest,        ///< the rest of a StartupMessage or CancelRequest is awaited
        done,        ///< startup() or cancel() is what the client said
    };

    wire::Step take_first_byte(Bytes input);
    wire::Step take_head(Bytes input);
    wire::Step take_request(OpeningHead const& head, bool& asked, std::byte answer);
    wire::Step answer_request(Bytes waiting);
    wire::Step ask_for_head();
    wire::Step take_rest(Bytes input);

    bool offers_tls_;
    bool is_direct_ = false;
    bool is_secure_ = false;
    bool asked_for_tls_ = false;  ///< by SSLRequest, whatever the answer was
    bool asked_for_gss_ = false;
    State state_ = State::start;
    Buffer packet_;
    Buffer out_;
    std::uint32_t version_ = 0;
    std::optional<Startup> startup_;
    std::optional<CancelKey> cancel_;
};

/// To the database: SSLRequest and its one byte of answer. Where it takes TLS this asks for
/// start_tls; where it does not, it is done.
class BackTlsRequest {
 public:
    /// Fails with malformed where the answer is neither 'S' nor 'N'.
    wire::Step resume(Bytes input);

 private:
    enum class State {
        start,   ///< ends by sending the request
        sent,    ///< ends by asking for the answer
        answer,  ///< the answer is awaited
        done,    ///< it was one of the two
    };

    wire::Step take_answer(Bytes input);

    State state_ = State::start;
    Buffer out_;
};

}  // namespace sallyport::postgres
