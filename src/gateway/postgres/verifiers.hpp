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

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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
    using Clock = std::chrono::steady_clock;

    static constexpr std::size_t max_users = 10'000;
    /// Questions to one backend at a time. Each takes one of its connections, while the session
    /// that waits for the answer holds another.
    static constexpr std::size_t max_questions = 4;
    /// How often failed logins can have one user asked for again: else wrong passwords alone would
    /// make the service account log in as often as they are tried.
    static constexpr std::chrono::seconds doubt_interval{1};

    /// What is known about this user, if it fits the challenge. A verifier, or the knowledge that
    /// there is none (an optional in an optional): unknown users are challenged with a salt, too.
    std::optional<std::optional<ScramVerifier>> find(Challenge const& challenge);
    /// Remembers what the database's answer was when it challenged like this.
    void store(Challenge const& challenge, std::optional<ScramVerifier> verifier);
    /// A login failed: the next one asks again, at most once in doubt_interval.
    void doubt(std::string_view user, Clock::time_point now = Clock::now());

    /// Whether the database may be asked about this user now. False while somebody else is asking
    /// about the same one, or too many are asking. Each true is followed by end_question().
    bool begin_question(std::string const& user);
    void end_question(std::string const& user);

 private:
    struct Known {
        std::string salt;
        std::uint32_t iterations;
        std::optional<ScramVerifier> verifier;
        bool is_doubted = false;
        Clock::time_point doubted_at{};  ///< the last time; the epoch: never
    };
    std::mutex mutex_;
    identity::Lru<Known> known_{max_users};
    std::set<std::string> asked_about_;  ///< users whose questions are under way
};

}  // namespace sallyport::gateway
