#include "tls/policy.hpp"

#include "tls/handles.hpp"

#include <openssl/objects.h>

#include <array>
#include <sstream>

namespace sallyport::tls {
namespace {

int protocol(Version version) {
    switch (version) {
        case Version::tls_1_0:
            return TLS1_VERSION;
        case Version::tls_1_1:
            return TLS1_1_VERSION;
        case Version::tls_1_2:
            return TLS1_2_VERSION;
        case Version::tls_1_3:
            return TLS1_3_VERSION;
    }
    return TLS1_2_VERSION;
}

/// Groups that this OpenSSL does not know (post-quantum ones before 3.5) are left out, so that one
/// list serves every build.
std::string known_groups(std::string const& wanted) {
    std::istringstream names(wanted);
    std::string known;
    SslCtxPtr const probe(SSL_CTX_new(TLS_method()));
    for (std::string group; std::getline(names, group, ':');)
        if (SSL_CTX_set1_groups_list(probe.get(), group.c_str()) == 1)
            known += (known.empty() ? "" : ":") + group;
    take_errors();
    return known;
}

std::vector<std::string> offered(Policy const& policy, bool tls13) {
    SslCtxPtr const context(SSL_CTX_new(TLS_method()));
    std::vector<std::string> names;
    if (!apply(policy, *context)) {
        take_errors();
        return names;
    }
    STACK_OF(SSL_CIPHER)* const ciphers = SSL_CTX_get_ciphers(context.get());
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
        SSL_CIPHER const* const cipher = sk_SSL_CIPHER_value(ciphers, i);
        bool const is_tls13 = SSL_CIPHER_get_version(cipher) == name(Version::tls_1_3);
        if (is_tls13 == tls13) names.emplace_back(SSL_CIPHER_get_name(cipher));
    }
    return names;
}

// At least 112 bits of security (RFC 9325 section 4.1), whatever the distribution's openssl.cnf
// says; a cipher list may lower it with @SECLEVEL.
constexpr int security_level = 2;
// Renegotiation and compression are off (RFC 9325 sections 3.3, 3.5); early data is never enabled.
// OpenSSL's preference for the client's cipher order is kept: the mirror follows the client.
constexpr std::uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
// Buffers go back when a leg idles, one recv() brings whole records, and a write may take a part.
constexpr std::uint32_t modes =
    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;

}  // namespace

Policy intermediate(Version minimum) {
    Policy policy;
    policy.minimum = minimum;
    policy.cipher_list =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
    policy.ciphersuites =
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
    policy.groups = "X25519MLKEM768:X25519:prime256v1:secp384r1";
    if (minimum < Version::tls_1_2)
        // OpenSSL 3 signs the old versions' handshakes (SHA-1) only at security level 0.
        policy.cipher_list +=
            ":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA"
            ":ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:@SECLEVEL=0";
    return policy;
}

Result<void> apply(Policy const& policy, ssl_ctx_st& context) {
    SSL_CTX_set_options(&context, options);
    SSL_CTX_set_mode(&context, modes);
    SSL_CTX_set_read_ahead(&context, 1);
    SSL_CTX_set_security_level(&context, security_level);
    SSL_CTX_set_min_proto_version(&context, protocol(policy.minimum));
    SSL_CTX_set_max_proto_version(&context, protocol(policy.maximum));
    auto const groups = known_groups(policy.groups);
    // OpenSSL takes no empty list for TLS 1.2, even where 1.3 alone is spoken.
    bool const has_old = policy.minimum < Version::tls_1_3 || !policy.cipher_list.empty();
    if ((has_old && SSL_CTX_set_cipher_list(&context, policy.cipher_list.c_str()) != 1) ||
        SSL_CTX_set_ciphersuites(&context, policy.ciphersuites.c_str()) != 1 ||
        SSL_CTX_set1_groups_list(&context, groups.c_str()) != 1)
        return Errc::file_invalid;
    return {};
}

std::vector<std::string> cipher_names(Policy const& policy) {
    return offered(policy, false);
}

std::vector<std::string> ciphersuite_names(Policy const& policy) {
    return offered(policy, true);
}

std::string_view name(Version version) {
    static constexpr std::array names{"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    return names[static_cast<std::size_t>(version)];
}

std::string render(Policy const& policy, ssl_ctx_st& context) {
    std::ostringstream text;
    text << "minimum: " << name(policy.minimum) << "\nmaximum: " << name(policy.maximum)
         << "\ngroups: " << known_groups(policy.groups) << "\nciphers:\n";
    STACK_OF(SSL_CIPHER)* const ciphers = SSL_CTX_get_ciphers(&context);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
        SSL_CIPHER const* const cipher = sk_SSL_CIPHER_value(ciphers, i);
        text << "  " << SSL_CIPHER_get_version(cipher) << " " << SSL_CIPHER_get_name(cipher)
             << "\n";
    }
    auto const set = SSL_CTX_get_options(&context);
    text << std::boolalpha << "renegotiation: " << ((set & SSL_OP_NO_RENEGOTIATION) == 0)
         << "\ncompression: " << ((set & SSL_OP_NO_COMPRESSION) == 0)
         << "\nserver cipher preference: " << ((set & SSL_OP_CIPHER_SERVER_PREFERENCE) != 0)
         << "\nearly data: " << (SSL_CTX_get_max_early_data(&context) != 0)
         << "\nsecurity level: " << SSL_CTX_get_security_level(&context) << "\n";
    return text.str();
}

}  // namespace sallyport::tls
