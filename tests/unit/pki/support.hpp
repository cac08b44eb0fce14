// What the tests of certificates share: a directory that goes away, certificates as other tools
// make them (built here without any code of ours), and OpenSSL's own verdict on a chain.
#pragma once

#include "pki/certificate.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <utility>
#include <vector>

namespace sallyport::pki::test {

/// A new empty directory, removed with all its content at the end.
class TemporaryDirectory {
 public:
    TemporaryDirectory() {
        auto name = (std::filesystem::temp_directory_path() / "sallyport-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        path_ = name;
    }
    TemporaryDirectory(TemporaryDirectory const&) = delete;
    TemporaryDirectory& operator=(TemporaryDirectory const&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::filesystem::path const& path() const { return path_; }

 private:
    std::filesystem::path path_;
};

/// One part of a distinguished name with its ASN.1 string type (V_ASN1_UTF8STRING, ...).
struct NamePart {
    int nid;
    int type;
    std::string bytes;
};

/// A certificate to make. `extensions` are in the syntax of openssl.cnf.
struct Wish {
    std::vector<NamePart> subject;
    std::string serial = "1001";  ///< hex
    std::vector<std::pair<int, std::string>> extensions;
    Time from = current_time() - std::chrono::hours(2);
    Time until = current_time() + std::chrono::days(30);
};

struct Made {
    Certificate certificate;
    Key key;
};

template <class T>
std::string der(int (*encode)(T const*, unsigned char**), T const* object) {
    unsigned char* bytes = nullptr;
    int const size = encode(object, &bytes);
    tls::MemoryPtr<unsigned char> const owner(bytes);
    return {reinterpret_cast<char const*>(bytes), static_cast<std::size_t>(size)};
}

inline void set_subject(X509& certificate, std::vector<NamePart> const& subject) {
    tls::X509NamePtr const name(X509_NAME_new());
    for (auto const& part : subject)
        X509_NAME_add_entry_by_NID(name.get(), part.nid, part.type,
                                   reinterpret_cast<unsigned char const*>(part.bytes.data()),
                                   static_cast<int>(part.bytes.size()), -1, 0);
    X509_set_subject_name(&certificate, name.get());
}

inline void set_serial(X509& certificate, std::string const& hex) {
    BIGNUM* number = nullptr;
    BN_hex2bn(&number, hex.c_str());
    tls::BignumPtr const owner(number);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(&certificate));
}

inline Certificate build(Wish const& wish, Key const& key, X509* issuer, Key const& issuer_key) {
    tls::X509Ptr certificate(X509_new());
    auto* const raw = certificate.get();
    X509_set_version(raw, X509_VERSION_3);
    set_serial(*raw, wish.serial);
    set_subject(*raw, wish.subject);
    ASN1_TIME_set(X509_getm_notBefore(raw), std::chrono::system_clock::to_time_t(wish.from));
    ASN1_TIME_set(X509_getm_notAfter(raw), std::chrono::system_clock::to_time_t(wish.until));
    X509_set_pubkey(raw, key.get());
    auto* const signer = issuer != nullptr ? issuer : raw;
    X509_set_issuer_name(raw, X509_get_subject_name(signer));

    X509V3_CTX context;
    X509V3_set_ctx(&context, signer, raw, nullptr, nullptr, 0);
    for (auto const& [nid, value] : wish.extensions) {
        tls::X509ExtensionPtr const extension(
            X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
        if (extension == nullptr) throw std::runtime_error(value + ": " + tls::take_errors());
        X509_add_ext(raw, extension.get(), -1);
    }
    X509_sign(raw, issuer_key.get(), EVP_sha256());
    return Certificate(std::move(certificate));
}

inline std::vector<NamePart> common_name(std::string const& text) {
    return {{NID_commonName, V_ASN1_UTF8STRING, text}};
}

/// What a CA usually carries.
inline Wish ca_wish(std::string const& name) {
    Wish wish;
    wish.subject = common_name(name);
    wish.extensions = {{NID_basic_constraints, "critical,CA:TRUE"},
                       {NID_key_usage, "critical,keyCertSign,cRLSign"},
                       {NID_subject_key_identifier, "hash"}};
    return wish;
}

/// What a client certificate usually carries.
inline Wish client_wish(std::string const& name) {
    Wish wish;
    wish.subject = common_name(name);
    wish.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                       {NID_key_usage, "critical,digitalSignature"},
                       {NID_ext_key_usage, "clientAuth"},
                       {NID_subject_key_identifier, "hash"},
                       {NID_authority_key_identifier, "keyid"}};
    return wish;
}

inline Made make_root(Wish const& wish, Key const& key = Key::generate(KeyType::ecdsa_p256)) {
    return {build(wish, key, nullptr, key), key};
}

inline Made make_under(Made const& issuer, Wish const& wish) {
    auto const key = Key::generate(KeyType::ecdsa_p256);
    return {build(wish, key, issuer.certificate.get(), issuer.key), key};
}

/// OpenSSL's verdict (X509_V_OK or an error) on chain.front(), with the rest of the chain as sent
/// by the peer, under strict rules, for a purpose such as X509_PURPOSE_SSL_CLIENT.
inline int verdict(std::vector<Certificate> const& chain, std::vector<Certificate> const& trusted,
                   int purpose) {
    tls::X509StorePtr const store(X509_STORE_new());
    for (auto const& root : trusted) X509_STORE_add_cert(store.get(), root.get());
    X509_STORE_set_flags(store.get(), X509_V_FLAG_X509_STRICT);
    std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * s) { sk_X509_free(s); })> const
        sent(sk_X509_new_null());
    for (auto const& link : chain) sk_X509_push(sent.get(), link.get());

    tls::X509StoreCtxPtr const context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), sent.get());
    X509_STORE_CTX_set_purpose(context.get(), purpose);
    X509_verify_cert(context.get());
    return X509_STORE_CTX_get_error(context.get());
}

inline std::string subject_der(Certificate const& certificate) {
    return der<X509_NAME>(i2d_X509_NAME, X509_get_subject_name(certificate.get()));
}

inline std::string issuer_der(Certificate const& certificate) {
    return der<X509_NAME>(i2d_X509_NAME, X509_get_issuer_name(certificate.get()));
}

/// The DER form of an extension with its name and its critical flag; empty where there is none.
inline std::string extension_der(Certificate const& certificate, int nid) {
    int const index = X509_get_ext_by_NID(certificate.get(), nid, -1);
    if (index < 0) return {};
    return der<X509_EXTENSION>(i2d_X509_EXTENSION, X509_get_ext(certificate.get(), index));
}

/// Permission bits of a file.
inline unsigned mode_of(std::filesystem::path const& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return 0;
    return status.st_mode & 07777U;
}

inline std::vector<std::string> entries_of(std::filesystem::path const& directory) {
    std::vector<std::string> names;
    for (auto const& entry : std::filesystem::directory_iterator(directory))
        names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    return names;
}

/// Exit status of a shell command; its output is shown only where it fails.
inline int run(std::string const& command) {
    auto* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return -1;
    std::string output;
    std::array<char, 4096> part{};
    while (auto const got = std::fread(part.data(), 1, part.size(), pipe))
        output.append(part.data(), got);
    int const status = ::pclose(pipe);
    if (status != 0) std::cerr << command << "\n" << output;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace sallyport::pki::test
