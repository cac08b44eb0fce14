#include "pki/reason.hpp"

#include <algorithm>
#include <array>

namespace sallyport::pki {
namespace {

struct Entry {
    Reason reason;
    std::string_view word;
};

constexpr std::array entries{
    Entry{Reason::unspecified, "unspecified"},
    Entry{Reason::key_compromise, "keyCompromise"},
    Entry{Reason::ca_compromise, "cACompromise"},
    Entry{Reason::affiliation_changed, "affiliationChanged"},
    Entry{Reason::superseded, "superseded"},
    Entry{Reason::cessation_of_operation, "cessationOfOperation"},
    Entry{Reason::certificate_hold, "certificateHold"},
    Entry{Reason::remove_from_crl, "removeFromCRL"},
    Entry{Reason::privilege_withdrawn, "privilegeWithdrawn"},
    Entry{Reason::aa_compromise, "aACompromise"},
};

bool is_same(char a, char b) {
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
}

}  // namespace

std::string_view word(Reason reason) {
    auto const* const found = std::ranges::find(entries, reason, &Entry::reason);
    return found == entries.end() ? entries.front().word : found->word;
}

std::optional<Reason> reason_of(std::string_view word) {
    for (auto const& entry : entries) {
        if (std::ranges::equal(entry.word, word, is_same)) return entry.reason;
    }
    return std::nullopt;
}

std::string_view reason_words() {
    return "unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, "
           "cessationOfOperation, certificateHold, removeFromCRL, privilegeWithdrawn, aACompromise";
}

}  // namespace sallyport::pki
