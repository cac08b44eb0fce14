#include "tls/tickets.hpp"

#include "tls/handles.hpp"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

namespace sallyport::tls {
namespace {

TicketKeys::Key make_key() {
    TicketKeys::Key key;
    if (RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) != 1 ||
        RAND_priv_bytes(key.cipher.data(), static_cast<int>(key.cipher.size())) != 1 ||
        RAND_priv_bytes(key.mac.data(), static_cast<int>(key.mac.size())) != 1)
        throw std::runtime_error("no random numbers: " + take_errors());
    key.born = std::chrono::steady_clock::now();
    return key;
}

int context_slot() {
    static int const slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

bool set_mac_key(EVP_MAC_CTX* mac, TicketKeys::Key& key) {
    std::array<char, 7> digest{"SHA256"};
    std::array<OSSL_PARAM, 3> const parameters{
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
}

/// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 1 use, 0 no such key, 2 use and renew, -1 error.
int choose_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
               EVP_MAC_CTX* mac, int sealing) {
    auto& keys =
        *static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_slot()));
    if (sealing == 1) {
        auto key = keys.current();
        std::copy(key.name.begin(), key.name.end(), name);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
        bool const set =
            EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 &&
            set_mac_key(mac, key);
        return set ? 1 : -1;
    }
    TicketKeys::Key key;
    bool is_current = false;
    if (!keys.find(name, key, is_current)) return 0;
    bool const set = set_mac_key(mac, key) && EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr,
                                                                 key.cipher.data(), iv) == 1;
    if (!set) return -1;
    // TLS 1.3's tickets are for one connection each (RFC 8446 appendix C.4): whoever comes back on
    // one needs the next.
    bool const is_used_up = SSL_version(ssl) == TLS1_3_VERSION;
    return is_current && !is_used_up ? 1 : 2;
}

}  // namespace

TicketKeys::TicketKeys() : current_(make_key()), previous_(make_key()) {}

void TicketKeys::attach(ssl_ctx_st& context) {
    SSL_CTX_set_ex_data(&context, context_slot(), this);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, choose_key);
}

TicketKeys::Key TicketKeys::current() {
    std::lock_guard const lock(mutex_);
    if (std::chrono::steady_clock::now() - current_.born > term) {
        previous_ = current_;
        current_ = make_key();
    }
    return current_;
}

bool TicketKeys::find(unsigned char const* name, Key& key, bool& is_current) {
    std::lock_guard const lock(mutex_);
    auto const has_name = [name](Key const& candidate) {
        bool const young = std::chrono::steady_clock::now() - candidate.born <= 2 * term;
        return young && std::equal(candidate.name.begin(), candidate.name.end(), name);
    };
    is_current = has_name(current_);
    if (!is_current && !has_name(previous_)) return false;
    key = is_current ? current_ : previous_;
    return true;
}

}  // namespace sallyport::tls
