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
/// get a buffer of their own, so that the address sanitizer sees a byte read too far.
template <class Dialogue>
wire::Ask drive(Dialogue& dialogue, Bytes peer) {
    constexpr int most_steps = 100;
    auto step = dialogue.resume({});
    for (int i = 0; i < most_steps; ++i) {
        bool const ended = step.ask == wire::Ask::done || step.ask == wire::Ask::fail;
        if (ended || (step.ask == wire::Ask::read && step.size > peer.size())) return step.ask;
        auto const size = step.ask == wire::Ask::read ? step.size : 0;
        require(size > 0 || step.ask != wire::Ask::read);
        step = dialogue.resume(copy(peer.first(size)));
        peer = peer.subspan(size);
    }
    std::abort();
}

}  // namespace sallyport::fuzz
