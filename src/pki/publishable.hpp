// What of a file may be shown to everybody: certificates and revocation lists, wholly parsed; never
// a private key, whatever the file is called.
#pragma once

#include "base/errc.hpp"

#include <string>
#include <string_view>

namespace sallyport::pki {

enum class Publication {
    certificates,  ///< PEM, nothing in it but certificates (and comments); or one DER certificate
    bundle,        ///< PKCS#7 SignedData of certificates, DER or PEM
    revocations,   ///< revocation lists, PEM or DER; the first is published, in DER
};

/// The bytes to publish. Errc::file_invalid where `content` is anything else.
Result<std::string> publishable(std::string_view content, Publication kind);

}  // namespace sallyport::pki
