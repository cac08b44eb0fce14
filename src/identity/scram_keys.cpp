// What a SCRAM login is judged by, and what it is proved with.
#include "identity/scram_crypto.hpp"
#include "identity/scram_password.hpp"
#include "pki/openssl_calls.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <charconv>

namespace sallyport::identity {
namespace {

/// Cuts `text` at its first `mark`, and leaves in `text` what follows; everything where there is
/// no mark.
std::string_view cut(std::string_view& text, char mark) {
    auto const part = text.substr(0, text.find(mark));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    return part;
}

/// 0 where it is no number, or out of bounds.
std::uint32_t read_iterations(std::string_view text) {
    std::uint32_t number = 0;
    auto const* const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, number);
    bool const is_good = error == std::errc() && stop == end && number <= max_scram_iterations;
    return is_good ? number : 0;
}

}  // namespace

Result<ScramVerifier> ScramVerifier::parse(std::string_view text) {
    if (cut(text, '$') != scram) return Errc::file_invalid;
    ScramVerifier verifier;
    verifier.iterations = read_iterations(cut(text, ':'));
    verifier.salt = cut(text, '$');
    auto const stored_key = digest_from_base64(cut(text, ':'));
    auto const server_key = digest_from_base64(text);
    if (verifier.iterations == 0 || !from_base64(verifier.salt) || !stored_key || !server_key)
        return Errc::file_invalid;
    verifier.stored_key = *stored_key;
    verifier.server_key = *server_key;
    return verifier;
}

ScramKeys::~ScramKeys() {
    OPENSSL_cleanse(client_key.data(), client_key.size());
    OPENSSL_cleanse(server_key.data(), server_key.size());
}

Result<ScramKeys> ScramKeys::derive(std::string_view password, std::string_view salt,
                                    std::uint32_t iterations) {
    auto const salt_bytes = from_base64(salt);
    if (!salt_bytes || iterations == 0 || iterations > max_scram_iterations) return Errc::malformed;
    PreparedPassword const prepared(password);
    Secret salted;
    pki::must(PKCS5_PBKDF2_HMAC(prepared.text().data(), static_cast<int>(prepared.text().size()),
                                reinterpret_cast<unsigned char const*>(salt_bytes->data()),
                                static_cast<int>(salt_bytes->size()), static_cast<int>(iterations),
                                EVP_sha256(), static_cast<int>(salted.value.size()),
                                reinterpret_cast<unsigned char*>(salted.value.data())),
              "deriving a key");
    ScramKeys keys;
    keys.client_key = hmac(salted.value, "Client Key");
    keys.server_key = hmac(salted.value, "Server Key");
    return keys;
}

}  // namespace sallyport::identity
