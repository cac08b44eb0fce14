// Certificate revocation lists, read and checked.
#pragma once

#include "base/errc.hpp"
#include "pki/certificate.hpp"
#include "tls/handles.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
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

    std::string to_pem() const;
    std::string to_der() const;

    /// Which list of its CA this is (RFC 5280 section 5.2.3); zero where it does not say.
    std::uint64_t number() const;
    Time issued_at() const;  ///< thisUpdate
    /// When the next one is due at the latest (nextUpdate); nothing where it does not say.
    std::optional<Time> next_at() const;
    std::size_t size() const;                          ///< entries in it
    bool has_serial(std::string const& serial) const;  ///< as Certificate::serial() writes it
    /// This certificate is on the list: by its issuer's name and key, and its serial number.
    bool revokes(Certificate const& certificate) const;
    /// The next list was due (nextUpdate): this one proves nothing any more.
    bool is_expired() const;
    std::string issuer() const;            ///< RFC 2253
    std::string fingerprint() const;       ///< SHA-256 of the DER form, lower-case hex
    bool is_same(Crl const& other) const;  ///< to the last bit
    /// This CA's own: by its name and its key.
    bool is_signed_by(Certificate const& ca) const;

    X509_CRL* get() const { return crl_.get(); }

 private:
    tls::X509CrlPtr crl_;
};

}  // namespace sallyport::pki
