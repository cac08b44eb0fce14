#include "tls/handles.hpp"

#include <openssl/err.h>

#include <array>

namespace sallyport::tls {

X509Ptr share(X509* certificate) {
    if (certificate != nullptr) X509_up_ref(certificate);
    return X509Ptr(certificate);
}

EvpPkeyPtr share(EVP_PKEY* key) {
    if (key != nullptr) EVP_PKEY_up_ref(key);
    return EvpPkeyPtr(key);
}

std::string take_errors() {
    std::string texts;
    while (auto const code = ERR_get_error()) {
        std::array<char, 256> text{};
        char const* const reason = ERR_reason_error_string(code);
        if (reason == nullptr) ERR_error_string_n(code, text.data(), text.size());
        if (!texts.empty()) texts += "; ";
        texts += reason != nullptr ? reason : text.data();
    }
    return texts.empty() ? "unknown" : texts;
}

}  // namespace sallyport::tls
