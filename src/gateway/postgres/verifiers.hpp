// The SCRAM verifiers of one backend's users: from a file, or asked for with a service account and
// remembered. A remembered verifier counts as long as the database challenges this user with the
// same salt and iterations; a password that was changed has another salt. So nothing here expires
// by time, and a changed password works at once.
#pragma once

#include "config/config.hpp"
#include "gateway/endpoint.hpp"
#include "gateway/fault.hpp"
#include "identity/lru.hpp"
#include "identity/scram.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

using identity::ScramVerifier;

/// What the settings name, read from disk.
struct VerifierFiles {
    std::map<std::string, ScramVerifier, std::less<>> users;  ///< of auth-file
    std::string auth_password;                                ///< of auth-password-file
};
/// Reads auth-file and auth-password-file. A Fault names file and line.
Checked<VerifierFiles> read_verifier_files(config::Verifiers const& settings);

/// One user's challenge, as the database put it.
struct Challenge {
    std::string_view user;
    std::string_view salt;  ///< base64
    std::uint32_t iterations;
};

/// The cache of what the service account was told. One per backend, kept across reloads that do not
/// change where it is. Safe from any thread.
class VerifierCache {
 public:
    static constexpr std::size_t max_users = 10'000;

    /// What is known about this user, if it fits the challenge. A verifier, or the knowledge that
    /// there is none (an optional in an optional): unknown users are challenged with a salt, too.
    std::optional<std::optional<ScramVerifier>> find(Challenge const& challenge);
    /// Remembers what the database's answer was when it challenged like this.
    void store(Challenge const& challenge, std::optional<ScramVerifier> verifier);
    /// A login failed: the next one asks again.
    void forget(std::string_view user);

 private:
    struct Known {
        std::string salt;
        std::uint32_t iterations;
        std::optional<ScramVerifier> verifier;
    };
    std::mutex mutex_;
    identity::Lru<Known> known_{max_users};
};

}  // namespace sallyport::gateway
