// The ledger: a row for every certificate that was issued from a certificates directory, in the
// SQLite file `ledger.db` beside them. It answers what a directory of files cannot: what was issued
// and handed out, and what of that has been revoked. No private key is ever in it.
#pragma once

#include "base/errc.hpp"
#include "pki/certificate.hpp"
#include "pki/reason.hpp"
#include "pki/sqlite.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// A certificate as the ledger knows it.
struct LedgerEntry {
    struct Revocation {
        Reason reason = Reason::unspecified;
        Time when{};
    };

    std::string serial;     ///< as Certificate::serial()
    std::string issuer;     ///< RFC 2253
    std::string authority;  ///< key_identifier() of the CA that signed it
    std::string subject;    ///< RFC 2253
    std::vector<std::string> names;
    Time not_before{};
    Time not_after{};
    std::string kind;         ///< "ca", "client-ca", "intermediate", "node", "client", "foreign"
    std::string fingerprint;  ///< as Certificate::fingerprint()
    std::optional<Revocation> revocation{};
};

/// Upper-case hex of the SKI, empty where there is none. CAs that were renewed share a name; this
/// tells them apart.
std::string key_identifier(Certificate const& ca);

class Ledger {
 public:
    /// Opens `ledger.db` in `directory`, and makes it (0600) where there is none. Errors are the
    /// system's or SQLite's (sqlite_category), or Errc::file_invalid for a database that is not a
    /// ledger, or one of a later Sallyport.
    static Result<Ledger> open(std::filesystem::path const& directory);
    static constexpr char file_name[] = "ledger.db";

    /// Enters a certificate. It is on disk when this returns, so that a caller who records before
    /// he writes the certificate's file leaves no certificate that the ledger does not know. One
    /// that is known already stays as it is.
    Result<void> record(Certificate const& certificate, std::string_view kind) const;
    /// Likewise for one that `ca` signed and that does not say so (no AKI), or that was issued
    /// before there was a ledger.
    Result<void> record_below(Certificate const& certificate, std::string_view kind,
                              Certificate const& ca) const;

    /// In the order of their entry.
    Result<std::vector<LedgerEntry>> all() const;
    /// `serial` as Certificate::serial() writes it. More than one where two CAs chose the same.
    Result<std::vector<LedgerEntry>> with_serial(std::string_view serial) const;
    Result<std::vector<LedgerEntry>> with_fingerprint(std::string_view fingerprint) const;
    /// What belongs into the list of the CA with this key_identifier(), in the order of entry.
    Result<std::vector<LedgerEntry>> revoked_below(std::string_view authority) const;

    /// Marks an entry as revoked; an earlier revocation is overwritten.
    Result<void> revoke(std::string_view fingerprint, Reason reason, Time when) const;
    /// Ends a certificateHold.
    Result<void> release(std::string_view fingerprint) const;

    /// The number of a CA's next list (RFC 5280 section 5.2.3): greater than every one that this
    /// returned for the CA before, and greater than `at_least`.
    Result<std::uint64_t> next_list_number(std::string_view authority,
                                           std::uint64_t at_least) const;

 private:
    explicit Ledger(SqlDatabase database) : database_(std::move(database)) {}
    Result<void> enter(Certificate const& certificate, std::string_view kind,
                       std::string const& authority) const;
    Result<std::vector<LedgerEntry>> select(std::string const& condition,
                                            std::initializer_list<SqlValue> values) const;

    SqlDatabase database_;
};

}  // namespace sallyport::pki
