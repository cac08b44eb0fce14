// PEM (RFC 7468) in and out of OpenSSL's memory buffers.
#pragma once

#include "base/errc.hpp"
#include "pki/certificate.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// `text` for OpenSSL to read, without a copy: it must outlive the result. Null where it is longer
/// than OpenSSL's lengths can say (2 GiB).
tls::BioPtr open_text(std::string_view text);

/// What was written to a memory buffer so far.
std::string written_text(BIO& bio);

/// All certificates of a text. Other blocks (a private key in the same file) and comments are
/// passed over, but a block that does not end is Errc::file_invalid wherever it stands: a file that
/// is being copied right now must not be taken for a shorter one.
Result<std::vector<Certificate>> read_certificates(std::string_view pem);

}  // namespace sallyport::pki
