// Certificate files for tests: an operator's directory, written file by file.
#pragma once

#include "config/config.hpp"
#include "pki/authority.hpp"
#include "unit/pki/support.hpp"

#include <openssl/pem.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::test {

/// A private key as `openssl genpkey -aes256` writes it.
inline std::string encrypted_pem(pki::Key const& key, std::string password) {
    tls::BioPtr const out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(), password.data(),
                                  static_cast<int>(password.size()), nullptr, nullptr);
    char* text = nullptr;
    auto const size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

class Files {
 public:
    std::filesystem::path const& directory() const { return directory_.path(); }

    std::filesystem::path write(std::string const& name, std::string_view text) const {
        auto const file = directory() / name;
        std::ofstream(file, std::ios::binary) << text;
        return file;
    }
    /// NAME.crt and NAME.key, as ssl-cert and ssl-key of `tls`.
    void serve(config::Tls& tls, std::string const& name, pki::Credential const& credential) const {
        tls.ssl_cert.push_back(write(name + ".crt", pki::to_pem(credential.chain)));
        tls.ssl_key.push_back(write(name + ".key", credential.key.to_pem()));
    }

 private:
    pki::test::TemporaryDirectory directory_;
};

}  // namespace sallyport::test
