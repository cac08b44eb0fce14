#include "pki/certificate.hpp"

#include "pki/alternative_names.hpp"
#include "pki/openssl_calls.hpp"
#include "pki/pem.hpp"

#include <openssl/pem.h>

#include <array>
#include <span>

namespace sallyport::pki {
namespace {

std::string hex(std::span<unsigned char const> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (unsigned const byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 0xfU];
    }
    return text;
}

using Sha256 = std::array<unsigned char, 32>;

std::string sha256(std::string_view data) {
    Sha256 digest{};
    must(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr),
         "hashing");
    return hex(digest);
}

/// The DER form of the public key with its algorithm.
std::string spki(X509& certificate) {
    unsigned char* der = nullptr;
    int const size = must(i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &der), "a key");
    tls::MemoryPtr<unsigned char> const owner(der);
    return {reinterpret_cast<char const*>(der), static_cast<std::size_t>(size)};
}

/// RFC 2253, with everything outside printable ASCII escaped: PostgreSQL compares this very form
/// (clientname=DN), and a log line or a comment made of it stays one line.
std::string rfc2253(X509_NAME const* name) {
    tls::BioPtr const bio(must(BIO_new(BIO_s_mem()), "a memory buffer"));
    // Zero characters, for an empty name, is no failure.
    if (X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0)
        throw std::runtime_error("writing a name: " + tls::take_errors());
    return written_text(*bio);
}

std::string oneline(X509_NAME const* name) {
    tls::MemoryPtr<char> const text(must(X509_NAME_oneline(name, nullptr, 0), "writing a name"));
    return text.get();
}

/// `unreadable` where the time does not follow RFC 5280 section 4.1.2.5.
Time to_time(ASN1_TIME const* time, Time unreadable) {
    ErrorQueueCleared const cleared;
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return unreadable;
    return Time(std::chrono::seconds(timegm(&parts)));
}

}  // namespace

Certificate& Certificate::operator=(Certificate other) noexcept {
    certificate_ = std::move(other.certificate_);
    return *this;
}

Result<std::vector<Certificate>> Certificate::from_pem(std::string_view pem) {
    return read_certificates(pem);
}

std::string Certificate::to_pem() const {
    tls::BioPtr const bio(must(BIO_new(BIO_s_mem()), "a memory buffer"));
    must(PEM_write_bio_X509(bio.get(), get()), "writing a certificate");
    return written_text(*bio);
}

std::string Certificate::subject() const {
    return rfc2253(X509_get_subject_name(get()));
}
std::string Certificate::subject_oneline() const {
    return oneline(X509_get_subject_name(get()));
}
std::string Certificate::common_name() const {
    ErrorQueueCleared const cleared;
    auto const* const name = X509_get_subject_name(get());
    int last = -1;
    for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;) last = at;
    if (last < 0) return {};
    unsigned char* text = nullptr;
    int const size =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
    if (size < 0) return {};
    tls::MemoryPtr<unsigned char> const owner(text);
    return {reinterpret_cast<char const*>(text), static_cast<std::size_t>(size)};
}
std::string Certificate::issuer() const {
    return rfc2253(X509_get_issuer_name(get()));
}
std::string Certificate::issuer_oneline() const {
    return oneline(X509_get_issuer_name(get()));
}

std::string Certificate::serial() const {
    auto const* const serial = X509_get0_serialNumber(get());
    tls::BignumPtr const number(must(ASN1_INTEGER_to_BN(serial, nullptr), "reading a serial"));
    tls::MemoryPtr<char> const text(must(BN_bn2hex(number.get()), "writing a serial"));
    return text.get();
}

std::string Certificate::fingerprint() const {
    Sha256 digest{};
    must(X509_digest(get(), EVP_sha256(), digest.data(), nullptr), "hashing a certificate");
    return hex(digest);
}

std::vector<std::byte> Certificate::end_point_binding() const {
    ErrorQueueCleared const cleared;
    int digest_nid = NID_undef;
    // For RSA-PSS this is the digest of the signature's parameters.
    if (X509_get_signature_info(get(), &digest_nid, nullptr, nullptr, nullptr) != 1) return {};
    // RFC 5929 section 4.1.
    if (digest_nid == NID_md5 || digest_nid == NID_sha1) digest_nid = NID_sha256;
    EVP_MD const* const digest = EVP_get_digestbynid(digest_nid);
    if (digest == nullptr) return {};
    std::vector<std::byte> binding(static_cast<std::size_t>(EVP_MD_get_size(digest)));
    must(X509_digest(get(), digest, reinterpret_cast<unsigned char*>(binding.data()), nullptr),
         "hashing a certificate");
    return binding;
}

std::string Certificate::spki_fingerprint() const {
    return sha256(spki(*get()));
}

std::string Certificate::authority_fingerprint() const {
    unsigned char const* name = nullptr;
    std::size_t size = 0;
    must(X509_NAME_get0_der(X509_get_subject_name(get()), &name, &size), "reading a name");
    std::string const subject(reinterpret_cast<char const*>(name), size);
    return sha256(subject + spki(*get()));
}

std::string_view Certificate::key_type() const {
    EVP_PKEY const* const key = X509_get0_pubkey(get());
    char const* const type = key != nullptr ? EVP_PKEY_get0_type_name(key) : nullptr;
    return type != nullptr ? type : "unknown";
}

std::vector<std::string> Certificate::names() const {
    return alternative_names(get());
}

// A time that cannot be read must not make a certificate valid: such a start is never reached, and
// such an end is long past.
Time Certificate::not_before() const {
    using namespace std::chrono_literals;
    return to_time(X509_get0_notBefore(get()), std::chrono::sys_days(9999y / 12 / 31));
}
Time Certificate::not_after() const {
    return to_time(X509_get0_notAfter(get()), Time{});
}

bool Certificate::is_self_signed() const {
    ErrorQueueCleared const cleared;
    constexpr int check_the_signature = 1;
    return X509_self_signed(get(), check_the_signature) == 1;
}

bool Certificate::is_ca() const {
    ErrorQueueCleared const cleared;
    return X509_check_ca(get()) != 0;
}

bool Certificate::matches(Key const& key) const {
    ErrorQueueCleared const cleared;
    return key.get() != nullptr && X509_check_private_key(get(), key.get()) == 1;
}

bool Certificate::is_signed_by(Certificate const& issuer) const {
    ErrorQueueCleared const cleared;
    return X509_check_issued(issuer.get(), get()) == X509_V_OK &&
           X509_verify(get(), X509_get0_pubkey(issuer.get())) == 1;
}

std::string to_pem(std::vector<Certificate> const& certificates) {
    std::string text;
    for (auto const& certificate : certificates) text += certificate.to_pem();
    return text;
}

}  // namespace sallyport::pki
