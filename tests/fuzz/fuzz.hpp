// What the fuzz targets share.
#pragma once

#include "base/bytes.hpp"
#include "wire/step.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace sallyport::fuzz {

/// A promise that the decoder has to keep; libFuzzer reports the input where it does not.
inline void require(bool kept) {
    if (!kept) std::abort();
}

inline Bytes input(std::uint8_t const* data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

inline Buffer copy(Bytes bytes) {
    return {bytes.begin(), bytes.end()};
}

inline bool same(Bytes left, Bytes right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

/// Answers a dialogue's every step from `peer` until it ends or wants more than there is. Its reads
/// get a buffer of their own, so that the address sanitizer sees a byte read too far. What was
/// peeked at and then not read is the first byte of TLS. Where it glances nothing waits, or
/// something does where `something_waits`.
template <class Dialogue>
wire::Step drive(Dialogue& dialogue, Bytes peer, bool something_waits = false) {
    constexpr int most_steps = 100;
    auto step = dialogue.resume({});
    bool is_peeked = false;
    for (int i = 0; i < most_steps; ++i) {
        bool const takes_input = step.ask == wire::Ask::read || step.ask == wire::Ask::peek;
        bool const ended = step.ask == wire::Ask::done || step.ask == wire::Ask::fail;
        if (ended || (takes_input && step.size > peer.size())) return step;
        auto size = takes_input ? step.size : 0;
        require(size > 0 || !takes_input);
        bool const waits = step.ask == wire::Ask::glance && something_waits;
        auto const asked = step.ask;
        step = dialogue.resume(waits ? Buffer(1) : copy(peer.first(size)));
        require(!waits || step.ask == wire::Ask::fail);
        if (asked == wire::Ask::peek) size = 0;
        if (asked == wire::Ask::start_tls && is_peeked) size = 1;
        is_peeked = asked == wire::Ask::peek;
        peer = peer.subspan(size);
    }
    std::abort();
}

}  // namespace sallyport::fuzz
