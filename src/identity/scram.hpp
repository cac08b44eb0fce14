// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, as a server towards the client and as a client towards the
// database (RFC 5802, RFC 7677), for logins that cannot be relayed because each leg has a
// certificate of its own (DESIGN section 5).
//
// What makes it possible to pass a login on without its password: a client's proof, together with
// the verifier that it must fit, gives the ClientKey away, and the ClientKey is all that a second
// proof, for the other leg, needs. It is kept for one login only.
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::identity {

/// The names of the SASL mechanisms, and of the one binding that both sides know (RFC 5929).
inline constexpr std::string_view scram = "SCRAM-SHA-256";
inline constexpr std::string_view scram_plus = "SCRAM-SHA-256-PLUS";
inline constexpr std::string_view scram_binding_name = "tls-server-end-point";

using Digest = std::array<std::byte, 32>;  ///< SHA-256

/// More than any server is set to (PostgreSQL's default is 4,096), and less than a second of work.
inline constexpr std::uint32_t max_scram_iterations = 1'000'000;

/// What a server stores in place of a password: pg_authid.rolpassword.
struct ScramVerifier {
    std::uint32_t iterations = 0;
    std::string salt;  ///< base64
    Digest stored_key{};
    Digest server_key{};

    /// "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY". Errc::file_invalid, also for iterations
    /// over max_scram_iterations.
    static Result<ScramVerifier> parse(std::string_view text);
};

/// What a client proves itself with.
struct ScramKeys {
    Digest client_key{};
    Digest server_key{};

    ScramKeys() = default;
    ScramKeys(ScramKeys const&) = default;
    ScramKeys& operator=(ScramKeys const&) = default;
    /// Wipes them.
    ~ScramKeys();

    /// From a password, as PostgreSQL does: SASLprep where it applies, the bytes as they are where
    /// it does not. Takes about 1 ms for 4,096 iterations. Errc::malformed for a salt that is not
    /// base64, or iterations over max_scram_iterations.
    static Result<ScramKeys> derive(std::string_view password, std::string_view salt,
                                    std::uint32_t iterations);
};

/// Our half of a nonce: 18 random bytes, base64.
std::string scram_nonce();

/// How far one side's exchange has come. What comes out of turn ends it: Errc::unexpected_packet
/// where a message is taken, std::logic_error where one is made.
enum class ScramState {
    fresh,       ///< nothing has been said; ends with the client-first-message
    begun,       ///< that was said; ends with the server-first-message
    challenged,  ///< that was said, too; ends with the client-final-message
    proved,      ///< the proof was good (server), or is with the server (client): its word is last
    over,        ///< something was wrong: nothing is taken or given any more
};

/// The server's side, towards the client. One login: first, challenge, prove, final.
class ScramServer {
 public:
    /// `end_point`: the tls-server-end-point data of the certificate that we showed; empty where
    /// binding cannot be offered (plain text, or a certificate that has none). `nonce`: our half.
    explicit ScramServer(Buffer end_point, std::string nonce = scram_nonce())
        : end_point_(std::move(end_point)), nonce_(std::move(nonce)) {}

    /// Takes the mechanism that the client chose and its client-first-message. Errc::malformed
    /// (also: binding used without -PLUS, or -PLUS without binding, another binding's name),
    /// Errc::binding_wrong where the client thinks that we offer no binding, and we did.
    Result<void> first(std::string_view mechanism, std::string_view message);
    /// The server-first-message. `salt` is base64.
    std::string challenge(std::string_view salt, std::uint32_t iterations);
    /// Takes the client-final-message. The keys that log in elsewhere. Errc::malformed,
    /// binding_wrong, or account_refused where the proof does not fit the verifier.
    Result<ScramKeys> prove(std::string_view message, ScramVerifier const& verifier);
    /// The server-final-message. After prove() only.
    std::string final() const;

 private:
    ScramState state_ = ScramState::fresh;
    Buffer end_point_;
    std::string gs2_header_;
    std::string nonce_;         ///< our half; from first() on, the client's before it
    std::string auth_message_;  ///< grows: first bare, server first, final without proof
    Digest server_signature_{};
    bool is_bound_ = false;
};

/// The client's side, towards the database. One login: first, challenge, prove (or fail), verify.
class ScramClient {
 public:
    /// `end_point`: of the certificate that the database showed, where it offers -PLUS and both
    /// sides can bind; empty: the client does not bind. `nonce`: our half.
    explicit ScramClient(Buffer end_point, std::string nonce = scram_nonce())
        : end_point_(std::move(end_point)), nonce_(std::move(nonce)) {}

    /// The database offers no -PLUS. To be said before first(): the client then tells the database
    /// that it would have bound, so that one which did offer it knows that somebody in between has
    /// taken it off the list (RFC 5802 section 6).
    void miss_binding() { is_offered_ = false; }

    std::string_view mechanism() const { return binds() ? scram_plus : scram; }
    /// The client-first-message.
    std::string first();
    /// Takes the server-first-message; salt() and iterations() are known then. Errc::malformed,
    /// also where the nonce is not ours and some more, or the iterations are too many.
    Result<void> challenge(std::string_view message);
    std::string const& salt() const { return salt_; }  ///< base64
    std::uint32_t iterations() const { return iterations_; }
    /// The client-final-message.
    std::string prove(ScramKeys const& keys);
    /// A client-final-message that cannot be right: so that the database itself refuses the login,
    /// in its own words and in its own log.
    std::string fail();
    /// Takes the server-final-message, after prove() only. Errc::malformed, backend_refused where
    /// it holds an error, or certificate_untrusted where the database does not know the server key:
    /// it is not who it should be.
    Result<void> verify(std::string_view message) const;

 private:
    /// The client-final-message without its proof; it is part of what the proof covers.
    bool binds() const { return is_offered_ && !end_point_.empty(); }
    std::string gs2_header() const;
    std::string finish(ScramState next);

    ScramState state_ = ScramState::fresh;
    Buffer end_point_;
    bool is_offered_ = true;
    std::string nonce_;  ///< our half; from challenge() on, the server's behind it
    std::string salt_;
    std::string auth_message_;  ///< grows as the server's
    std::uint32_t iterations_ = 0;
    Digest server_signature_{};
};

}  // namespace sallyport::identity
