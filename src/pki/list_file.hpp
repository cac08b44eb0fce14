// The file of a CA's revocation lists in a certificates directory: one list for each certificate of
// that CA that is still good, so that old and new stand side by side while a CA is replaced.
#pragma once

#include "pki/certs_directory.hpp"
#include "pki/crl.hpp"
#include "pki/issuers.hpp"
#include "pki/ledger.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::pki {

/// A list that is about to be written.
struct NextList {
    NewFile file;  ///< with the lists of the same file's other CAs
    Crl list;
};

/// Opens the ledger of the directory.
Checked<Ledger> open_ledger(CertsDirectory const& directory);
/// What a failing ledger is for a person.
Fault ledger_fault(CertsDirectory const& directory, error_code const& reason);

/// The lists that are in a CA's file now; none where there is no such file, or it is no list.
std::vector<Crl> lists_of(CertsDirectory const& directory, Issuer const& issuer);

struct ListWish {
    /// How long it is good, and no longer than the CA; none: as long as the CA.
    std::optional<std::chrono::seconds> lifetime;
    /// An entry that is about to become so in the ledger.
    std::optional<LedgerEntry> changed{};
    /// What is about to be in the CA's file: the lists of others leave. None: what is there now.
    std::optional<std::vector<Certificate>> cas{};
};

/// The list of everything that `issuer` signed and the ledger calls revoked.
Checked<NextList> next_list(CertsDirectory const& directory, Ledger const& ledger,
                            Issuer const& issuer, Authority const& authority, ListWish const& wish);

}  // namespace sallyport::pki
