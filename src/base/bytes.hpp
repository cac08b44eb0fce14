// Spans of bytes, and a bounds-checked cursor over them in both byte orders.
//
// Everything that decodes what a peer sent goes through Reader: it cannot run past the end, and a
// decoder checks `ok()` once, after its last field. MySQL is little-endian, PostgreSQL big-endian.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace sallyport {

using Bytes = std::span<std::byte const>;
using MutableBytes = std::span<std::byte>;
using Buffer = std::vector<std::byte>;

/// The bytes of `text`, without a copy.
inline Bytes as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

/// `bytes` read as text, without a copy and without any check of their encoding.
inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

/// Reads fields from the front of a span. The first field that does not fit makes the reader fail,
/// and from then on every read gives zero or an empty span.
class Reader {
 public:
    explicit Reader(Bytes bytes) : rest_(bytes) {}

    bool ok() const { return ok_; }
    Bytes rest() const { return rest_; }
    std::size_t remaining() const { return rest_.size(); }

    Bytes take(std::size_t count) {
        if (count > rest_.size()) return fail();
        auto const taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }
    void skip(std::size_t count) { take(count); }

    std::uint8_t u8() { return little<std::uint8_t>(1); }
    std::uint16_t u16le() { return little<std::uint16_t>(2); }
    std::uint32_t u24le() { return little<std::uint32_t>(3); }
    std::uint32_t u32le() { return little<std::uint32_t>(4); }
    std::uint64_t u64le() { return little<std::uint64_t>(8); }
    std::uint16_t u16be() { return big<std::uint16_t>(2); }
    std::uint32_t u32be() { return big<std::uint32_t>(4); }

    /// Text up to a NUL, which is consumed and not part of the result; fails where no NUL follows.
    std::string_view text_to_nul() {
        void const* const nul =
            rest_.empty() ? nullptr : std::memchr(rest_.data(), 0, rest_.size());
        if (nul == nullptr) return as_text(fail());
        auto const length =
            static_cast<std::size_t>(static_cast<std::byte const*>(nul) - rest_.data());
        auto const text = as_text(take(length));
        skip(1);
        return text;
    }

    /// Makes the reader fail: for values that fit but may not be.
    Bytes fail() {
        ok_ = false;
        rest_ = {};
        return {};
    }

 private:
    template <std::unsigned_integral T>
    T little(std::size_t size) {
        std::uint64_t value = 0;
        auto const bytes = take(size);
        for (std::size_t i = bytes.size(); i-- > 0;)
            value = value << 8U | std::to_integer<std::uint64_t>(bytes[i]);
        return static_cast<T>(value);
    }
    template <std::unsigned_integral T>
    T big(std::size_t size) {
        std::uint64_t value = 0;
        for (std::byte const byte : take(size))
            value = value << 8U | std::to_integer<std::uint64_t>(byte);
        return static_cast<T>(value);
    }

    Bytes rest_;
    bool ok_ = true;
};

/// Appends fields to a buffer; the counterpart of Reader.
class Writer {
 public:
    explicit Writer(Buffer& out) : out_(out) {}

    void u8(std::uint8_t value) { little(value, 1); }
    void u16le(std::uint16_t value) { little(value, 2); }
    void u24le(std::uint32_t value) { little(value, 3); }
    void u32le(std::uint32_t value) { little(value, 4); }
    void u64le(std::uint64_t value) { little(value, 8); }
    void u16be(std::uint16_t value) { big(value, 2); }
    void u32be(std::uint32_t value) { big(value, 4); }
    void zeros(std::size_t count) { out_.resize(out_.size() + count); }
    void bytes(Bytes data) { out_.insert(out_.end(), data.begin(), data.end()); }
    void text(std::string_view data) { bytes(as_bytes(data)); }
    void text_with_nul(std::string_view data) {
        text(data);
        u8(0);
    }

 private:
    void little(std::uint64_t value, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i)
            out_.push_back(static_cast<std::byte>(value >> 8 * i));
    }
    void big(std::uint64_t value, std::size_t size) {
        for (std::size_t i = size; i-- > 0;) out_.push_back(static_cast<std::byte>(value >> 8 * i));
    }

    Buffer& out_;
};

}  // namespace sallyport
