// The words that the configuration file uses for our enumerations: one table each, read by `load`
// and by everything that shows a setting to an operator.
#pragma once

#include "config/config.hpp"

#include <array>
#include <string_view>

namespace sallyport::config {

template <class E>
struct Word {
    std::string_view text;
    E value;
};

/// All words for the values of E, in the order in which an error message lists them.
template <class E>
inline constexpr std::array<Word<E>, 0> words{};

template <>
inline constexpr auto words<TlsVersion> = std::to_array<Word<TlsVersion>>({
    {"TLSv1.0", TlsVersion::v1_0},
    {"TLSv1.1", TlsVersion::v1_1},
    {"TLSv1.2", TlsVersion::v1_2},
    {"TLSv1.3", TlsVersion::v1_3},
});

template <>
inline constexpr auto words<ClientCertificate> = std::to_array<Word<ClientCertificate>>({
    {"none", ClientCertificate::none},
    {"optional", ClientCertificate::optional},
    {"required", ClientCertificate::required},
});

template <>
inline constexpr auto words<RevokedSessions> = std::to_array<Word<RevokedSessions>>({
    {"keep", RevokedSessions::keep},
    {"close", RevokedSessions::close},
});

template <>
inline constexpr auto words<Protocol> = std::to_array<Word<Protocol>>({
    {"mysql", Protocol::mysql},
    {"postgres", Protocol::postgres},
});

template <>
inline constexpr auto words<AcmeChallenge> = std::to_array<Word<AcmeChallenge>>({
    {"http-01", AcmeChallenge::http_01},
    {"tls-alpn-01", AcmeChallenge::tls_alpn_01},
});

template <>
inline constexpr auto words<Greeting> = std::to_array<Word<Greeting>>({
    {"own", Greeting::own},
    {"backend", Greeting::backend},
});

template <>
inline constexpr auto words<SslMode> = std::to_array<Word<SslMode>>({
    {"DISABLED", SslMode::disabled},
    {"PREFERRED", SslMode::preferred},
    {"REQUIRED", SslMode::required},
    {"VERIFY_CA", SslMode::verify_ca},
    {"VERIFY_IDENTITY", SslMode::verify_identity},
});

template <>
inline constexpr auto words<Scram> = std::to_array<Word<Scram>>({
    {"auto", Scram::automatic},
    {"relay", Scram::relay},
    {"verifier", Scram::verifier},
    {"password", Scram::password},
});

template <>
inline constexpr auto words<Negotiation> = std::to_array<Word<Negotiation>>({
    {"postgres", Negotiation::postgres},
    {"direct", Negotiation::direct},
});

template <>
inline constexpr auto words<IoMethod> = std::to_array<Word<IoMethod>>({
    {"auto", IoMethod::automatic},
    {"epoll", IoMethod::epoll},
    {"io_uring", IoMethod::io_uring},
});

template <>
inline constexpr auto words<MirrorMode> = std::to_array<Word<MirrorMode>>({
    {"prefer", MirrorMode::prefer},
    {"strict", MirrorMode::strict},
    {"off", MirrorMode::off},
});

/// The word for `value`, as the file writes it.
template <class E>
constexpr std::string_view word(E value) {
    for (Word<E> const& entry : words<E>)
        if (entry.value == value) return entry.text;
    return {};
}

/// What an operator may write who knows another system: not taken, but answered with our word.
struct Synonym {
    std::string_view text;
    std::string_view word;
};

template <class E>
inline constexpr std::array<Synonym, 0> synonyms{};

template <>
inline constexpr auto synonyms<Protocol> = std::to_array<Synonym>({
    {"mariadb", word(Protocol::mysql)},
    {"tidb", word(Protocol::mysql)},
    {"postgresql", word(Protocol::postgres)},
    {"pgsql", word(Protocol::postgres)},
    {"cockroachdb", word(Protocol::postgres)},
    {"cockroach", word(Protocol::postgres)},
});

/// Those of libpq's sslmode that are not near to ours anyway.
template <>
inline constexpr auto synonyms<SslMode> = std::to_array<Synonym>({
    {"prefer", word(SslMode::preferred)},
    {"verify-full", word(SslMode::verify_identity)},
});

}  // namespace sallyport::config
