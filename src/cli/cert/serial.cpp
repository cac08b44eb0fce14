#include "cli/cert/serial.hpp"

namespace sallyport::cli::cert {
namespace {

// RFC 5280 section 4.1.2.2: 20 octets.
constexpr std::size_t max_digits = 40;

/// The digit in upper case; '\0' for what is none.
char upper_digit(char c) {
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')) return c;
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : '\0';
}

}  // namespace

std::string to_serial(std::string_view word) {
    for (std::string_view const prefix : {"serial=", "0x", "0X"})
        if (word.starts_with(prefix)) word.remove_prefix(prefix.size());
    std::string digits;
    for (char const c : word) {
        if (c == ':' || c == ' ') continue;
        char const digit = upper_digit(c);
        if (digit == '\0') return {};
        if (digit != '0' || !digits.empty()) digits += digit;
    }
    if (digits.empty() || digits.size() > max_digits) return {};
    return digits.size() % 2 == 0 ? digits : "0" + digits;
}

}  // namespace sallyport::cli::cert
