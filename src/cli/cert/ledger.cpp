#include "cli/cert/ledger.hpp"

#include "cli/cert/options.hpp"
#include "cli/say.hpp"
#include "pki/ledger.hpp"

namespace sallyport::cli::cert {

pki::Checked<void> record(pki::CertsDirectory const& directory, pki::Certificate const& certificate,
                          std::string_view kind) {
    auto const file = directory.file("ledger.db").string();
    auto const ledger = pki::Ledger::open(directory.path());
    if (!ledger) return pki::system_fault("open", file, ledger.error());
    if (auto const entered = ledger->record(certificate, kind); !entered)
        return pki::system_fault("write", file, entered.error());
    return {};
}

void tell_of(std::filesystem::path const& file, pki::Certificate const& certificate) {
    note("made " + file.string() + ", valid until " + date_text(certificate.not_after()));
}

}  // namespace sallyport::cli::cert
