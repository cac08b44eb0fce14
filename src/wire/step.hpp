// What a dialogue asks for. A dialogue is a class with one method,
//
//     Step resume(Bytes input);
//
// that is called again and again: with empty input at first and after a write or a start_tls, and
// with exactly the bytes asked for after a read, a peek or a glance. It does no I/O and never sees
// a socket, so it can be tested as a script and fuzzed alone.
//
// There is no "read some": before TLS, a byte read too far would be lost to OpenSSL, and a byte
// accepted too early is the plaintext-injection bug class (CVE-2021-23214).
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"

#include <cstddef>

namespace sallyport::wire {

enum class Ask {
    read,       ///< exactly `size` bytes, then resume with them
    peek,       ///< one byte, awaited but left unread; resume with it
    glance,     ///< as peek, without waiting: resume with one byte, or with none
    write,      ///< all of `bytes`, which live until the next resume
    start_tls,  ///< TLS on this leg, in the role the leg has
    done,       ///< the dialogue has what it came for
    fail,       ///< the peer broke the rules: `why`
};

struct Step {
    Ask ask;
    std::size_t size = 0;
    Bytes bytes{};
    Errc why{};

    static Step read(std::size_t size) { return {.ask = Ask::read, .size = size}; }
    static Step peek() { return {.ask = Ask::peek, .size = 1}; }
    static Step glance() { return {.ask = Ask::glance, .size = 1}; }
    static Step write(Bytes bytes) { return {.ask = Ask::write, .bytes = bytes}; }
    static Step start_tls() { return {.ask = Ask::start_tls}; }
    static Step done() { return {.ask = Ask::done}; }
    static Step fail(Errc why) { return {.ask = Ask::fail, .why = why}; }
    /// With the error of a decoder, which is always an Errc.
    static Step fail(error_code const& why) { return fail(static_cast<Errc>(why.value())); }
};

}  // namespace sallyport::wire
