// Certificate revocation lists, read and checked.
#pragma once

#include "base/errc.hpp"
#include "pki/certificate.hpp"
#include "tls/handles.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// A revocation list (RFC 5280 section 5). Copies share it.
class Crl {
 public:
    explicit Crl(tls::X509CrlPtr crl) : crl_(std::move(crl)) {}
    Crl(Crl const& other);
    Crl(Crl&&) noexcept = default;
    Crl& operator=(Crl other) noexcept;

    /// All lists of a PEM text. Errc::file_invalid where one does not parse or there is none.
    static Result<std::vector<Crl>> from_pem(std::string_view pem);

    /// The next list was due (nextUpdate): this one proves nothing any more.
    bool is_expired() const;
    std::string issuer() const;       ///< RFC 2253
    std::string fingerprint() const;  ///< SHA-256 of the DER form, lower-case hex
    Time this_update() const;
    /// When the next list is due; the end of time where it does not say.
    Time next_update() const;
    /// The DER form: what distribution points serve (RFC 5280 section 4.2.1.13).
    std::string to_der() const;
    /// Signed by this CA's key.
    bool is_signed_by(Certificate const& ca) const;

    X509_CRL* get() const { return crl_.get(); }

 private:
    tls::X509CrlPtr crl_;
};

}  // namespace sallyport::pki
