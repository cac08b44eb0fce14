#include "pki/authority.hpp"

#include "pki/builder.hpp"
#include "pki/openssl_calls.hpp"

#include <algorithm>

namespace sallyport::pki {
namespace {

// X.520's upper bound for a common name, in characters (RFC 5280 appendix A.1).
constexpr std::size_t max_common_name = 64;

X509_NAME* subject_of(Certificate const& certificate) {
    return X509_get_subject_name(certificate.get());
}

/// Below zero where the certificate sets no limit.
long path_length_of(Certificate const& certificate) {
    ErrorQueueCleared const cleared;
    return X509_get_pathlen(certificate.get());
}

}  // namespace

Authority::Authority(Certificate certificate, Key key)
    : certificate_(std::move(certificate)), key_(std::move(key)) {}

Authority Authority::create(std::string const& common_name, seconds lifetime, KeyType type) {
    return create(common_name, lifetime, Key::generate(type));
}

Authority Authority::create(std::string const& common_name, seconds lifetime, Key const& key) {
    auto const now = current_time();
    Builder builder(make_name("Sallyport", common_name).get(), key);
    builder.valid(now, now + lifetime);
    builder.ca(-1);
    return {std::move(builder).sign_self(key), key};
}

Authority Authority::create_like(Certificate const& original, seconds lifetime) {
    auto const now = current_time();
    auto const key = Key::generate(KeyType::ecdsa_p256);
    Builder builder(subject_of(original), key);
    builder.valid(now, now + lifetime);
    builder.ca(path_length_of(original));
    return {std::move(builder).sign_self(key), key};
}

Result<Authority> Authority::from(Certificate certificate, Key key) {
    ErrorQueueCleared const cleared;
    bool const has_identifier = X509_get0_subject_key_id(certificate.get()) != nullptr;
    if (!certificate.is_ca() || !has_identifier) return Errc::file_invalid;
    if (!certificate.matches(key)) return Errc::key_mismatch;
    return Authority(std::move(certificate), std::move(key));
}

Credential Authority::issue(LeafWish const& wish, Time now) const {
    auto const key = Key::generate(wish.type);
    Builder builder(make_name({}, wish.common_name).get(), key);
    builder.valid(now, std::min(now + wish.lifetime, certificate_.not_after()));
    builder.leaf(wish.purpose);
    if (!wish.names.empty()) builder.names(wish.names);
    if (!wish.crl_url.empty()) builder.revocation_list_at(wish.crl_url);
    return {{std::move(builder).sign(certificate_, key_)}, key};
}

Credential Authority::issue_server(std::vector<std::string> const& names, seconds lifetime,
                                   KeyType type, Time now) const {
    bool const fits = !names.empty() && names.front().size() <= max_common_name;
    auto const name = fits ? names.front() : std::string();
    return issue({name, names, Purpose::server, lifetime, type}, now);
}

Credential Authority::issue_client(std::string const& user, seconds lifetime, KeyType type) const {
    return issue({user, {}, Purpose::client, lifetime, type});
}

Authority Authority::issue_intermediate_like(Certificate const& original) const {
    auto const key = Key::generate(KeyType::ecdsa_p256);
    Builder builder(subject_of(original), key);
    builder.valid(current_time(), std::min(original.not_after(), certificate_.not_after()));
    builder.ca(path_length_of(original));
    return {std::move(builder).sign(certificate_, key_), key};
}

Credential Authority::issue_client_like(Certificate const& original, seconds lifetime,
                                        Time now) const {
    auto const key = Key::generate(KeyType::ecdsa_p256);
    Builder builder(subject_of(original), key);
    builder.serial_of(original);
    builder.valid(now, std::min({now + lifetime, original.not_after(), certificate_.not_after()}));
    builder.leaf(Purpose::client);
    builder.names_of(original);
    return {{std::move(builder).sign(certificate_, key_)}, key};
}

}  // namespace sallyport::pki
