// The one loop that turns a dialogue's steps (wire/step.hpp) into reads and writes.
#pragma once

#include "tls/stream.hpp"
#include "wire/step.hpp"

#include <optional>

namespace sallyport::gateway {

/// The next byte of a plain leg, left unread; with `waits` there is one, or an error.
inline net::Task<Result<std::optional<std::byte>>> look(tls::Stream& stream, bool waits) {
    for (;;) {
        auto const seen = stream.socket().peek();
        if (seen) co_return std::optional(*seen);
        if (seen.error() != Errc::would_block) co_return seen.error();
        if (!waits) co_return std::optional<std::byte>();
        co_await stream.socket().ready();
    }
}

/// Runs `dialogue` on `stream` until it is done, or asks for TLS, which is the caller's to do
/// before it drives on. Fails as the dialogue does, or as the stream does.
template <class Dialogue>
net::Task<Result<wire::Ask>> drive(Dialogue& dialogue, tls::Stream& stream) {
    Buffer input;
    for (;;) {
        wire::Step const step = dialogue.resume(input);
        input.clear();
        switch (step.ask) {
            case wire::Ask::read: {
                input.resize(step.size);
                auto const got = co_await stream.read_exact(input);
                if (!got) co_return got.error();
                break;
            }
            case wire::Ask::peek:
            case wire::Ask::glance: {
                auto const seen = co_await look(stream, step.ask == wire::Ask::peek);
                if (!seen) co_return seen.error();
                if (*seen) input.push_back(**seen);
                break;
            }
            case wire::Ask::write: {
                auto const sent = co_await stream.write_all(step.bytes);
                if (!sent) co_return sent.error();
                break;
            }
            case wire::Ask::start_tls:
            case wire::Ask::done:
                co_return step.ask;
            case wire::Ask::fail:
                co_return step.why;
        }
    }
}

}  // namespace sallyport::gateway
