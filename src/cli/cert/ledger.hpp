// The ledger, as the commands of the group `cert` use it, and what they say when they are done.
#pragma once

#include "pki/certs_directory.hpp"

#include <filesystem>
#include <string_view>

namespace sallyport::cli::cert {

/// Enters a certificate in the directory's ledger, as `kind` ("ca", "client-ca", "node", "client").
pki::Checked<void> record(pki::CertsDirectory const& directory, pki::Certificate const& certificate,
                          std::string_view kind);

/// Tells on stderr what was made, and until when it is valid.
void tell_of(std::filesystem::path const& file, pki::Certificate const& certificate);

}  // namespace sallyport::cli::cert
