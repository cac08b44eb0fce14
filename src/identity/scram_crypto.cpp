#include "identity/scram_crypto.hpp"

#include "pki/openssl_calls.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <functional>

namespace sallyport::identity {
namespace {

using pki::must;

/// OpenSSL's bytes are unsigned char.
unsigned char* raw_out(MutableBytes bytes) {
    return reinterpret_cast<unsigned char*>(bytes.data());
}
unsigned char const* raw(Bytes bytes) {
    return reinterpret_cast<unsigned char const*>(bytes.data());
}

}  // namespace

Secret::~Secret() {
    OPENSSL_cleanse(value.data(), value.size());
}

Digest hash(Digest const& data) {
    Digest digest{};
    must(EVP_Digest(data.data(), data.size(), raw_out(digest), nullptr, EVP_sha256(), nullptr),
         "hashing");
    return digest;
}

Digest hmac(Digest const& key, std::string_view text) {
    Digest digest{};
    must(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(as_bytes(text)),
              text.size(), raw_out(digest), nullptr),
         "an HMAC");
    return digest;
}

Digest exclusive_or(Digest const& left, Digest const& right) {
    Digest result{};
    std::ranges::transform(left, right, result.begin(), std::bit_xor<std::byte>());
    return result;
}

bool is_equal(Bytes left, Bytes right) {
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string to_base64(Bytes bytes) {
    // EVP_EncodeBlock ends its text with a NUL, for which std::string has room.
    std::string text((bytes.size() + 2) / 3 * 4, '\0');
    EVP_EncodeBlock(raw_out(std::as_writable_bytes(std::span(text.data(), text.size() + 1))),
                    raw(bytes), static_cast<int>(bytes.size()));
    return text;
}

std::optional<Buffer> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return {};
    Buffer bytes(text.size() / 4 * 3);
    int const size =
        EVP_DecodeBlock(raw_out(bytes), raw(as_bytes(text)), static_cast<int>(text.size()));
    if (size < 0) return {};
    // EVP_DecodeBlock counts the padding as bytes, and takes much that is not base64, such as
    // blanks around it and padding within it: all that does not come out as it went in.
    auto const padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
    bytes.resize(std::min(bytes.size(), static_cast<std::size_t>(size)) - padding);
    if (to_base64(bytes) != text) return {};
    return bytes;
}

std::optional<Digest> digest_from_base64(std::string_view text) {
    auto const bytes = from_base64(text);
    if (!bytes || bytes->size() != Digest{}.size()) return {};
    Digest digest{};
    std::ranges::copy(*bytes, digest.begin());
    return digest;
}

Digest random_digest() {
    Digest digest{};
    must(RAND_bytes(raw_out(digest), static_cast<int>(digest.size())), "random numbers");
    return digest;
}

std::string scram_nonce() {
    // As PostgreSQL's SCRAM_RAW_NONCE_LEN: a multiple of 3, so that base64 needs no padding.
    std::array<std::byte, 18> bytes{};
    must(RAND_bytes(raw_out(bytes), static_cast<int>(bytes.size())), "random numbers");
    return to_base64(bytes);
}

}  // namespace sallyport::identity
