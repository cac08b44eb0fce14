// SCRAM towards the database, as libpq does it (interfaces/libpq/fe-auth-scram.c).
#include "identity/scram_crypto.hpp"
#include "wire/postgres/scram_messages.hpp"

#include <stdexcept>
#include <utility>

namespace sallyport::identity {

/// Says whether, and how, the client binds (RFC 5802 section 7, gs2-header).
std::string ScramClient::gs2_header() const {
    if (binds()) return "p=" + std::string(scram_binding_name) + ",,";
    return end_point_.empty() ? "n,," : "y,,";
}

std::string ScramClient::first() {
    if (std::exchange(state_, ScramState::begun) != ScramState::fresh)
        throw std::logic_error("a SCRAM login that begins twice");
    // PostgreSQL knows the user from the StartupMessage, and takes no notice of a name here.
    auth_message_ = "n=,r=" + nonce_;
    return gs2_header() + auth_message_;
}

Result<void> ScramClient::challenge(std::string_view message) {
    if (std::exchange(state_, ScramState::over) != ScramState::begun)
        return Errc::unexpected_packet;
    auto const first = postgres::read_scram_server_first(message);
    if (!first) return first.error();
    // A nonce without the server's part would let an old exchange be played again.
    if (!first->nonce.starts_with(nonce_) || first->nonce.size() == nonce_.size())
        return Errc::malformed;
    if (first->iterations > max_scram_iterations || !from_base64(first->salt))
        return Errc::malformed;
    nonce_ = first->nonce;
    salt_ = first->salt;
    iterations_ = first->iterations;
    auth_message_ += ',';
    auth_message_ += message;
    state_ = ScramState::challenged;
    return {};
}

std::string ScramClient::finish(ScramState next) {
    if (std::exchange(state_, next) != ScramState::challenged)
        throw std::logic_error("a SCRAM proof out of turn");
    auto binding = gs2_header();
    if (binds()) binding += as_text(end_point_);
    auto message = "c=" + to_base64(as_bytes(binding)) + ",r=" + nonce_;
    auth_message_ += ',' + message;
    return message;
}

std::string ScramClient::prove(ScramKeys const& keys) {
    auto message = finish(ScramState::proved);
    Secret const stored_key{hash(keys.client_key)};
    Secret const client_signature{hmac(stored_key.value, auth_message_)};
    server_signature_ = hmac(keys.server_key, auth_message_);
    return message + ",p=" + to_base64(exclusive_or(keys.client_key, client_signature.value));
}

std::string ScramClient::fail() {
    return finish(ScramState::over) + ",p=" + to_base64(random_digest());
}

Result<void> ScramClient::verify(std::string_view message) const {
    if (state_ != ScramState::proved) return Errc::unexpected_packet;
    auto const final = postgres::read_scram_server_final(message);
    if (!final) return final.error();
    if (!final->error.empty()) return Errc::backend_refused;
    auto const signature = digest_from_base64(final->signature);
    if (!signature) return Errc::malformed;
    if (!is_equal(*signature, server_signature_)) return Errc::certificate_untrusted;
    return {};
}

}  // namespace sallyport::identity
