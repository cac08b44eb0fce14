// The options of `sallyport cert rotate-ca`, and its two kinds of CAs.
#pragma once

#include "pki/key_file.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace sallyport::cli::cert {

struct RotateCa {
    bool begins = false;
    bool finishes = false;
    bool retires = false;
    bool shows = false;  ///< --status; just one of the four is true
    bool is_client_ca = false;
    bool is_mirror = false;
    std::filesystem::path certs_dir;
    std::filesystem::path config;  ///< of the gateway; for the mirror
    pki::KeyFile ca_key;
    pki::KeyFile new_ca_key;
    std::chrono::seconds lifetime{};                   ///< of the next CA
    std::optional<std::chrono::seconds> crl_lifetime;  ///< of the list that --retire writes
    std::string format = "text";
};

/// A CA of a certificates directory. Gives the exit code.
int rotate_directory_ca(RotateCa const& options);
/// The gateway's mirror CAs.
int rotate_mirror_ca(RotateCa const& options);

}  // namespace sallyport::cli::cert
