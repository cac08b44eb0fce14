#include "pki/publishable.hpp"

#include "pki/certificate.hpp"
#include "pki/crl.hpp"
#include "pki/openssl_calls.hpp"
#include "pki/pem.hpp"

#include <openssl/pem.h>
#include <openssl/pkcs7.h>

namespace sallyport::pki {
namespace {

constexpr std::string_view begin_mark = "-----BEGIN ";

bool is_pem(std::string_view content) {
    return content.find(begin_mark) != std::string_view::npos;
}

/// Every block of the text has one of OpenSSL's labels for a certificate.
bool has_only_certificates(std::string_view pem) {
    for (auto at = pem.find(begin_mark); at != std::string_view::npos;
         at = pem.find(begin_mark, at + 1)) {
        auto const label = pem.substr(at + begin_mark.size());
        bool const is_certificate =
            label.starts_with("CERTIFICATE-----") || label.starts_with("X509 CERTIFICATE-----");
        if (!is_certificate) return false;
    }
    return true;
}

std::size_t count_blocks(std::string_view pem) {
    std::size_t count = 0;
    for (auto at = pem.find(begin_mark); at != std::string_view::npos;
         at = pem.find(begin_mark, at + 1))
        ++count;
    return count;
}

/// True where `read`, one of OpenSSL's d2i functions, takes the whole of it.
template <class T, class Pointer>
bool is_whole_der(std::string_view content, T* (*read)(T**, unsigned char const**, long)) {
    auto const* cursor = reinterpret_cast<unsigned char const*>(content.data());
    auto const* const end = cursor + content.size();
    Pointer const parsed(read(nullptr, &cursor, static_cast<long>(content.size())));
    return parsed != nullptr && cursor == end;
}

bool is_bundle(PKCS7* bundle) {
    return bundle != nullptr && PKCS7_type_is_signed(bundle) == 1;
}

Result<std::string> certificates(std::string_view content) {
    bool const is_good = is_pem(content)
                             ? has_only_certificates(content) && Certificate::from_pem(content)
                             : is_whole_der<X509, tls::X509Ptr>(content, d2i_X509);
    if (!is_good) return Errc::file_invalid;
    return std::string(content);
}

Result<std::string> bundle(std::string_view content) {
    if (!is_pem(content)) {
        auto const* cursor = reinterpret_cast<unsigned char const*>(content.data());
        auto const* const end = cursor + content.size();
        tls::Pkcs7Ptr const parsed(d2i_PKCS7(nullptr, &cursor, static_cast<long>(content.size())));
        if (!is_bundle(parsed.get()) || cursor != end) return Errc::file_invalid;
        return std::string(content);
    }
    bool const is_alone = content.find(begin_mark) == content.rfind(begin_mark);
    auto const text = open_text(content);
    tls::Pkcs7Ptr const parsed(PEM_read_bio_PKCS7(text.get(), nullptr, nullptr, nullptr));
    if (!is_alone || !is_bundle(parsed.get())) return Errc::file_invalid;
    return std::string(content);
}

Result<std::string> revocations(std::string_view content) {
    if (!is_pem(content)) {
        if (!is_whole_der<X509_CRL, tls::X509CrlPtr>(content, d2i_X509_CRL))
            return Errc::file_invalid;
        return std::string(content);
    }
    auto const lists = Crl::from_pem(content);
    if (!lists || lists->size() != count_blocks(content)) return Errc::file_invalid;
    // DER has room for one: the first is that of the CA in use. While a CA is replaced its file has
    // two lists, and nothing at all would leave everybody without one.
    return lists->front().to_der();
}

}  // namespace

Result<std::string> publishable(std::string_view content, Publication kind) {
    ErrorQueueCleared const cleared;
    switch (kind) {
        case Publication::certificates:
            return certificates(content);
        case Publication::bundle:
            return bundle(content);
        case Publication::revocations:
            return revocations(content);
    }
    return Errc::file_invalid;
}

}  // namespace sallyport::pki
