#include "identity/scram_password.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <stringprep.h>

namespace sallyport::identity {
namespace {

/// The longest that normalisation makes a text: U+FDFA, 3 bytes, becomes 33.
constexpr std::size_t max_growth = 11;

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// SASLprep's steps in PostgreSQL's order. It normalises last, so that prohibited and right-to-left
/// characters are looked for in what the user typed, not in what it becomes; libidn, which follows
/// RFC 3454, has another key for a password with, say, a Hebrew presentation form.
std::vector<Stringprep_profile> postgresql_steps() {
    std::vector<Stringprep_profile> steps;
    Stringprep_profile const* step = stringprep_saslprep;
    for (; step->operation != 0; ++step) steps.push_back(*step);
    std::ranges::stable_partition(steps,
                                  [](auto const& s) { return s.operation != STRINGPREP_NFKC; });
    steps.push_back(*step);  // the end
    return steps;
}

}  // namespace

PreparedPassword::PreparedPassword(std::string_view password) : text_(password) {
    static auto const steps = postgresql_steps();
    // libidn takes text up to a NUL, which no password of PostgreSQL's holds.
    if (is_ascii(password) || password.find('\0') != std::string_view::npos) return;
    prepared_.resize(password.size() * max_growth + 1);
    std::ranges::copy(password, prepared_.begin());
    int const outcome =
        stringprep(prepared_.data(), prepared_.size(), STRINGPREP_NO_UNASSIGNED, steps.data());
    // A password of nothing but invisible characters stays what it is: empty would be no password.
    if (outcome == STRINGPREP_OK && prepared_.front() != '\0') text_ = prepared_.data();
}

PreparedPassword::~PreparedPassword() {
    OPENSSL_cleanse(prepared_.data(), prepared_.size());
}

}  // namespace sallyport::identity
