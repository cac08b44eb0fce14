#include "pki/pem.hpp"

#include "pki/openssl_calls.hpp"

#include <openssl/pem.h>

#include <limits>
#include <optional>

namespace sallyport::pki {
namespace {

struct Block {
    tls::MemoryPtr<char> name;
    tls::MemoryPtr<unsigned char> data;
    long size = 0;

    bool is_certificate() const {
        std::string_view const label(name.get());
        return label == PEM_STRING_X509 || label == PEM_STRING_X509_OLD ||
               label == PEM_STRING_X509_TRUSTED;
    }
};

std::optional<Block> next_block(BIO& bio) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(&bio, &name, &header, &data, &size) != 1) return std::nullopt;
    tls::MemoryPtr<char> const header_owner(header);
    return Block{tls::MemoryPtr<char>(name),
                 tls::MemoryPtr<unsigned char>(data, {static_cast<std::size_t>(size)}), size};
}

/// No block began where the reader stopped, as opposed to one that began and went wrong.
bool reached_the_end() {
    return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

/// A text that was cut within a BEGIN line ends like a comment, as far as OpenSSL can see.
bool ends_within_begin_line(std::string_view pem) {
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
    auto const last_line = pem.substr(pem.rfind('\n') + 1);
    return !last_line.empty() && begin.starts_with(last_line);
}

tls::X509Ptr parse(Block const& block) {
    unsigned char const* cursor = block.data.get();
    // The _AUX form also takes what OpenSSL calls a trusted certificate; plain ones read the same.
    tls::X509Ptr certificate(d2i_X509_AUX(nullptr, &cursor, block.size));
    bool const whole = cursor == block.data.get() + block.size;
    return whole ? std::move(certificate) : nullptr;
}

}  // namespace

tls::BioPtr open_text(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return nullptr;
    return tls::BioPtr(
        must(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), "a memory buffer"));
}

std::string written_text(BIO& bio) {
    char* text = nullptr;
    auto const size = BIO_get_mem_data(&bio, &text);
    return {text, static_cast<std::size_t>(size)};
}

Result<std::vector<Certificate>> read_certificates(std::string_view pem) {
    ErrorQueueCleared const cleared;
    auto const bio = open_text(pem);
    if (bio == nullptr || ends_within_begin_line(pem)) return Errc::file_invalid;

    std::vector<Certificate> certificates;
    while (auto const block = next_block(*bio)) {
        if (!block->is_certificate()) continue;
        auto certificate = parse(*block);
        if (certificate == nullptr) return Errc::file_invalid;
        certificates.emplace_back(std::move(certificate));
    }
    if (!reached_the_end() || certificates.empty()) return Errc::file_invalid;
    return certificates;
}

}  // namespace sallyport::pki
