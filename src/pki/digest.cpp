#include "pki/digest.hpp"

#include "pki/openssl_calls.hpp"

#include <array>
#include <ctime>

namespace sallyport::pki {

std::string hex(std::span<unsigned char const> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (unsigned const byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 0xfU];
    }
    return text;
}

std::string sha256(std::string_view data) {
    std::array<unsigned char, 32> digest{};
    must(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr),
         "hashing");
    return hex(digest);
}

Time to_time(ASN1_TIME const* time, Time unreadable) {
    ErrorQueueCleared const cleared;
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return unreadable;
    return Time(std::chrono::seconds(timegm(&parts)));
}

}  // namespace sallyport::pki
