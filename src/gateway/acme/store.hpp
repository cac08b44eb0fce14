// What [acme] keeps under data-dir/acme: for each CA (its directory-url) a directory with
//     server.pem         the certificate that is served: its key, then the chain
//     account-MAIL.json  the account at the CA, and account-MAIL.key
//     work/              lego's own, for one attempt
// lego writes its files in place, so that a power cut leaves halves of them. Here it works on a
// copy, and only what proved whole is taken over, by pki's ways of writing.
#pragma once

#include "config/config.hpp"
#include "gateway/fault.hpp"
#include "pki/certificate.hpp"

#include <optional>

namespace sallyport::gateway {

class AcmeStore {
 public:
    explicit AcmeStore(config::Acme const& settings) : settings_(settings) {}

    /// The file to serve from; it may not be there yet.
    std::filesystem::path certificate_file() const;
    std::filesystem::path work_directory() const { return settings_.directory / "work"; }

    /// What is served: whole, and not expired; else nothing. Says nothing about it: who serves it
    /// has read it just before, and has said why it cannot be.
    std::optional<pki::Credential> read() const;
    /// Whether `credential` names every domain.
    bool covers(pki::Credential const& credential) const;

    /// An empty working directory (0700) with the account, where there is one.
    Checked<void> prepare() const;
    /// Keeps the account that lego has made. An account without its key is none.
    Checked<void> keep_account() const;
    /// The CA does not know it any more: the next attempt makes another.
    void forget_account() const;
    /// Takes over the certificate that lego has left in its directory, once it is known to be
    /// whole, for our names and not expired; and removes it there.
    Checked<pki::Credential> install() const;

 private:
    std::filesystem::path account_directory() const;

    config::Acme settings_;
};

/// The PEM file with a key and its chain: whole and not expired; else nothing, and the log says
/// why, unless there is no such file.
std::optional<pki::Credential> read_acme_certificate(std::filesystem::path const& file);

}  // namespace sallyport::gateway
