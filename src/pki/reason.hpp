// Why a certificate was revoked, in the words and numbers of RFC 5280 section 5.3.1.
#pragma once

#include <optional>
#include <string_view>

namespace sallyport::pki {

/// The values are those of CRLReason; 7 is not used there.
enum class Reason {
    unspecified = 0,
    key_compromise = 1,
    ca_compromise = 2,
    affiliation_changed = 3,
    superseded = 4,
    cessation_of_operation = 5,
    certificate_hold = 6,  ///< the only one that can be taken back
    remove_from_crl = 8,   ///< takes a certificate_hold back
    privilege_withdrawn = 9,
    aa_compromise = 10,
};

/// RFC 5280's word: "keyCompromise".
std::string_view word(Reason reason);
/// Upper and lower case are the same.
std::optional<Reason> reason_of(std::string_view word);
/// All words, for help texts: "unspecified, keyCompromise, …".
std::string_view reason_words();

}  // namespace sallyport::pki
