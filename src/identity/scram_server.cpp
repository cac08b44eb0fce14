// SCRAM towards the client. The rules are those of PostgreSQL's backend/libpq/auth-scram.c, so that
// a client cannot tell which of the two it logs in to.
#include "identity/scram_crypto.hpp"
#include "wire/postgres/scram_messages.hpp"

#include <stdexcept>
#include <utility>

namespace sallyport::identity {

Result<void> ScramServer::first(std::string_view mechanism, std::string_view message) {
    using Binding = postgres::ScramClientFirst::Binding;
    if (std::exchange(state_, ScramState::over) != ScramState::fresh)
        return Errc::unexpected_packet;
    auto const first = postgres::read_scram_client_first(message);
    if (!first) return first.error();
    is_bound_ = mechanism == scram_plus;
    if (!is_bound_ && mechanism != scram) return Errc::malformed;
    if (is_bound_ != (first->binding == Binding::used)) return Errc::malformed;
    if (is_bound_ && (end_point_.empty() || first->binding_name != scram_binding_name))
        return Errc::malformed;
    // The list of mechanisms was shortened on its way to the client (RFC 5802 section 6).
    if (first->binding == Binding::not_offered && !end_point_.empty()) return Errc::binding_wrong;
    gs2_header_ = first->gs2_header;
    auth_message_ = first->bare;
    nonce_.insert(0, first->nonce);
    state_ = ScramState::begun;
    return {};
}

std::string ScramServer::challenge(std::string_view salt, std::uint32_t iterations) {
    if (state_ != ScramState::begun) throw std::logic_error("a SCRAM challenge out of turn");
    auto message = postgres::write_scram_server_first(
        {.nonce = nonce_, .salt = salt, .iterations = iterations});
    auth_message_ += ',' + message;
    state_ = ScramState::challenged;
    return message;
}

Result<ScramKeys> ScramServer::prove(std::string_view message, ScramVerifier const& verifier) {
    if (std::exchange(state_, ScramState::over) != ScramState::challenged)
        return Errc::unexpected_packet;
    auto const final = postgres::read_scram_client_final(message);
    if (!final) return final.error();
    auto binding = gs2_header_;
    if (is_bound_) binding += as_text(end_point_);
    if (!is_equal(as_bytes(final->binding), as_bytes(to_base64(as_bytes(binding)))))
        return Errc::binding_wrong;
    auto const proof = digest_from_base64(final->proof);
    if (final->nonce != nonce_ || !proof) return Errc::malformed;

    auth_message_ += ',';
    auth_message_ += final->without_proof;
    Secret const client_signature{hmac(verifier.stored_key, auth_message_)};
    ScramKeys keys;
    keys.client_key = exclusive_or(*proof, client_signature.value);
    if (!is_equal(hash(keys.client_key), verifier.stored_key)) return Errc::account_refused;
    keys.server_key = verifier.server_key;
    server_signature_ = hmac(verifier.server_key, auth_message_);
    state_ = ScramState::proved;
    return keys;
}

std::string ScramServer::final() const {
    if (state_ != ScramState::proved) throw std::logic_error("SCRAM's last word out of turn");
    return "v=" + to_base64(server_signature_);
}

}  // namespace sallyport::identity
