// `auto-tls`: a CA of our own and the server certificates under it, for a listener that was given
// none. Made at the first start, kept in a directory, renewed at two thirds of their life.
//
// Clients trust ca.crt, so the CA is never replaced: where it is damaged, that is an error for the
// operator. The server certificates are ours to issue again whenever they do not serve.
#pragma once

#include "base/errc.hpp"
#include "pki/certificate.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace sallyport::pki {

struct AutoTls {
    std::filesystem::path ca;         ///< what clients trust
    std::vector<Credential> servers;  ///< ECDSA first, then RSA: a TLS 1.2 suite names a key type
    std::vector<std::filesystem::path> files;  ///< everything that this was read from, to watch
    Time renew_at;                             ///< when ensure_auto_tls has something to do again
};

/// Whoever holds the directory makes two keys, of which the RSA one takes a second, or some on a
/// busy machine.
inline constexpr std::chrono::milliseconds auto_tls_patience{10'000};

/// Makes what is missing in `directory` (ca, server and server-rsa, each .crt and .key) and issues
/// again what is expired, past two thirds of its life, not of this CA, without its key, or lacks
/// one of the wanted names: `names`, this host's name, localhost, 127.0.0.1 and ::1. Of `names`,
/// those that no client can dial (empty, 0.0.0.0, ::, not ASCII) are passed over.
///
/// Without ca.key (an operator may keep it elsewhere) what is still valid is served, and the log
/// says what is due. Errors: Errc::file_unreadable, and for the CA's own files file_invalid,
/// key_mismatch, certificate_expired; the log names the file.
///
/// While another process works in the directory, what is due is served as it is: renew_auto_tls()
/// is for that. Where nothing can be served, the other is waited for: Errc::would_block once
/// `patience` is over.
Result<AutoTls> ensure_auto_tls(std::filesystem::path const& directory,
                                std::vector<std::string> const& names, Time now = current_time(),
                                std::chrono::milliseconds patience = auto_tls_patience);

/// Issues again what is due, as ensure_auto_tls() does, but waits for nobody: Errc::would_block
/// while another process works there, and another attempt may follow.
Result<void> renew_auto_tls(std::filesystem::path const& directory,
                            std::vector<std::string> const& names, Time now = current_time());

}  // namespace sallyport::pki
