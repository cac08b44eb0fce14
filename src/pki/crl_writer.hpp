// Makes revocation lists (RFC 5280 section 5): version 2, with number and reasons, signed by the CA
// whose certificates they are about.
#pragma once

#include "pki/authority.hpp"
#include "pki/crl.hpp"
#include "pki/ledger.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sallyport::pki {

struct CrlWish {
    std::vector<LedgerEntry> entries;  ///< those without a revocation are passed over
    std::uint64_t number = 1;
    Time issued_at = current_time();
    Time next_at{};  ///< after this the list proves nothing: whoever checks lists refuses all
};

Crl make_crl(Authority const& issuer, CrlWish const& wish);

/// `lists` without those that `next` replaces (of the same CA), and `next`. The order of the others
/// stays.
std::vector<Crl> with_list(std::vector<Crl> lists, Crl next, Certificate const& issuer);

std::string to_pem(std::vector<Crl> const& lists);

}  // namespace sallyport::pki
