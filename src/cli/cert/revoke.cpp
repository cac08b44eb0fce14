// `sallyport cert revoke`: takes a certificate back before its time. The ledger remembers it, and
// the list of the CA that signed it is written anew; whoever reads that list refuses it from then
// on.
#include "cli/cert/commands.hpp"
#include "cli/cert/options.hpp"
#include "cli/cert/serial.hpp"
#include "cli/say.hpp"
#include "pki/files.hpp"
#include "pki/list_file.hpp"
#include "pki/rotation.hpp"

#include <algorithm>

namespace sallyport::cli::cert {
namespace {

namespace fs = std::filesystem;
using pki::Checked;
using pki::Fault;
using pki::LedgerEntry;

struct Revoke {
    std::string what;  ///< a serial number, or a file
    std::string reason = "unspecified";
    fs::path certs_dir;
    pki::KeyFile ca_key;
    std::optional<std::chrono::seconds> lifetime;
};

std::string described(LedgerEntry const& entry) {
    return "certificate " + entry.serial + " (" + entry.subject + ")";
}

/// The CA of the directory with this identifier.
Checked<pki::Issuer> issuer_of(LedgerEntry const& entry, std::vector<pki::Issuer> const& issuers) {
    for (auto const& issuer : issuers)
        if (pki::key_identifier(issuer.certificate) == entry.authority) return issuer;
    return Fault{Errc::chain_incomplete,
                 "the CA " + entry.issuer + " that signed " + described(entry) +
                     " is not in the directory any more",
                 "a CA that is trusted no longer needs no list; else put its certificate back"};
}

/// A certificate that the ledger does not know: issued before there was one, or by another tool
/// with the same CA.
Checked<LedgerEntry> adopt(pki::Certificate const& certificate, pki::Ledger const& ledger,
                           std::vector<pki::Issuer> const& issuers,
                           pki::CertsDirectory const& directory) {
    auto const issuer = std::ranges::find_if(
        issuers, [&](pki::Issuer const& one) { return certificate.is_signed_by(one.certificate); });
    if (issuer == issuers.end())
        return Fault{Errc::chain_incomplete,
                     "the certificate " + certificate.subject() + " was signed by " +
                         certificate.issuer() + ", which is no CA of " + directory.path().string(),
                     "--certs-dir names the directory of the CA that signed it"};
    auto const recorded = ledger.record_below(certificate, "foreign", issuer->certificate);
    if (!recorded) return pki::ledger_fault(directory, recorded.error());
    auto entries = ledger.with_fingerprint(certificate.fingerprint());
    if (!entries) return pki::ledger_fault(directory, entries.error());
    return entries->front();
}

Checked<LedgerEntry> by_file(fs::path const& file, pki::Ledger const& ledger,
                             std::vector<pki::Issuer> const& issuers,
                             pki::CertsDirectory const& directory) {
    auto const text = pki::read_file(file);
    if (!text) return Fault{Errc::file_unreadable, "cannot read " + file.string(), {}};
    auto const chain = pki::Certificate::from_pem(*text);
    if (!chain)
        return Fault{Errc::file_invalid, file.string() + " is not a whole PEM certificate file",
                     "name a certificate (.crt), not its key"};
    auto const& leaf = chain->front();
    if (leaf.is_self_signed())
        return Fault{Errc::file_invalid,
                     "the certificate " + leaf.subject() + " is a root, which no list can revoke",
                     "replace it and take it out of everybody's bundle"};
    auto known = ledger.with_fingerprint(leaf.fingerprint());
    if (!known) return pki::ledger_fault(directory, known.error());
    if (!known->empty()) return known->front();
    return adopt(leaf, ledger, issuers, directory);
}

Checked<LedgerEntry> by_serial(std::string const& word, pki::Ledger const& ledger,
                               pki::CertsDirectory const& directory) {
    auto const serial = to_serial(word);
    if (serial.empty())
        return Fault{Errc::file_invalid, word + " is neither a file nor a serial number",
                     "a serial number is hexadecimal, as `sallyport cert list` and `openssl x509 "
                     "-serial` write it"};
    auto found = ledger.with_serial(serial);
    if (!found) return pki::ledger_fault(directory, found.error());
    if (found->empty())
        return Fault{Errc::file_unreadable,
                     "no certificate with the serial number " + serial + " was issued from " +
                         directory.path().string(),
                     "one that was issued before there was a ledger is revoked by its file"};
    if (found->size() > 1)
        return Fault{Errc::file_invalid, "several certificates have the serial number " + serial,
                     "name the file of the one that is meant"};
    if (found->front().subject == found->front().issuer)
        return Fault{Errc::file_invalid, described(found->front()) + " is a root",
                     "no list can revoke it: replace it and take it out of everybody's bundle"};
    return found->front();
}

/// Whether the entry may change so. Only a certificateHold can, once it is revoked.
Checked<void> judge(LedgerEntry const& entry, pki::Reason reason) {
    if (entry.not_after <= pki::current_time())
        return Fault{Errc::certificate_expired,
                     described(entry) + " expired on " + date_text(entry.not_after),
                     "nobody accepts it any more: there is nothing to revoke"};
    bool const is_held =
        entry.revocation && entry.revocation->reason == pki::Reason::certificate_hold;
    if (reason == pki::Reason::remove_from_crl && !is_held)
        return Fault{Errc::file_invalid, described(entry) + " is not on hold",
                     "removeFromCRL ends a certificateHold; another revocation is for ever"};
    bool const is_final = entry.revocation && (!is_held || reason == entry.revocation->reason);
    if (is_final)
        return Fault{Errc::file_invalid,
                     described(entry) + " was revoked already, on " +
                         date_text(entry.revocation->when) + " (" +
                         std::string(pki::word(entry.revocation->reason)) + ")",
                     "sallyport cert crl writes the list anew"};
    return {};
}

/// A command that was killed between the ledger and the list has left the list without it.
bool is_listed(LedgerEntry const& entry, pki::CertsDirectory const& directory,
               pki::Issuer const& issuer) {
    auto const lists = pki::lists_of(directory, issuer);
    return std::ranges::any_of(lists, [&](pki::Crl const& list) {
        return list.is_signed_by(issuer.certificate) && list.has_serial(entry.serial);
    });
}

Checked<void> write(Revoke const& options, LedgerEntry entry, pki::CertsDirectory const& directory,
                    pki::Ledger const& ledger, pki::Issuer const& issuer) {
    auto const reason = pki::reason_of(options.reason).value_or(pki::Reason::unspecified);
    auto const authority = pki::open_issuer(issuer, options.ca_key, pki::current_time());
    if (!authority) return authority.error();
    bool const is_unfinished = entry.revocation && entry.revocation->reason == reason &&
                               !is_listed(entry, directory, issuer);
    if (!is_unfinished) {
        if (auto const agreed = judge(entry, reason); !agreed) return agreed;
        entry.revocation = LedgerEntry::Revocation{reason, pki::current_time()};
        if (reason == pki::Reason::remove_from_crl) entry.revocation.reset();
    }
    auto const next =
        pki::next_list(directory, ledger, issuer, *authority, {options.lifetime, entry});
    if (!next) return next.error();
    auto const enter = [&]() -> Checked<void> {
        auto const entered = entry.revocation
                                 ? ledger.revoke(entry.fingerprint, reason, entry.revocation->when)
                                 : ledger.release(entry.fingerprint);
        if (!entered) return pki::ledger_fault(directory, entered.error());
        return {};
    };
    constexpr bool replace = true;
    if (auto const written = directory.write({next->file}, replace, enter); !written)
        return written;
    note(described(entry) + (entry.revocation ? " is revoked: " : " is good again: ") +
         next->file.name + " is list " + std::to_string(next->list.number()) + ", " +
         std::to_string(next->list.size()) + " revoked");
    return {};
}

/// While a CA is replaced there are two certificates for one name: the one that is shown, and the
/// one that waits aside for its place, or has left it.
void tell_of_twins(LedgerEntry const& entry, pki::CertsDirectory const& directory,
                   pki::Ledger const& ledger) {
    std::error_code error;
    for (auto const& names : {pki::RotationNames::servers, pki::RotationNames::clients})
        for (auto const& file : fs::directory_iterator(directory.file(names.aside), error)) {
            if (file.path().extension() != ".crt") continue;
            auto const text = pki::read_file(file.path());
            auto const chain = text ? pki::Certificate::from_pem(*text)
                                    : Result<std::vector<pki::Certificate>>(text.error());
            if (!chain || chain->front().is_ca()) continue;
            auto const& twin = chain->front();
            if (twin.subject() != entry.subject || twin.names() != entry.names ||
                twin.fingerprint() == entry.fingerprint)
                continue;
            auto const known = ledger.with_fingerprint(twin.fingerprint());
            if (known && !known->empty() && known->front().revocation) continue;
            note(file.path().string() + ", certificate " + twin.serial() +
                 " for the same name, is still good: revoke it too, with --ca-key the key of the "
                 "CA that signed it");
        }
}

Checked<void> make(Revoke const& options) {
    auto const directory = open_to_write(options.certs_dir);
    if (!directory) return directory.error();
    auto const issuers = pki::issuers_of(*directory);
    if (!issuers) return issuers.error();
    auto const ledger = pki::open_ledger(*directory);
    if (!ledger) return ledger.error();
    std::error_code error;
    if (fs::is_directory(options.what, error))
        return Fault{
            Errc::file_invalid, options.what + " is a directory",
            "name one certificate in it, or a serial number: " + options.what + "/client.USER.crt"};
    auto const entry = fs::is_regular_file(options.what, error)
                           ? by_file(options.what, *ledger, *issuers, *directory)
                           : by_serial(options.what, *ledger, *directory);
    if (!entry) return entry.error();
    auto const issuer = issuer_of(*entry, *issuers);
    if (!issuer) return issuer.error();
    auto const written = write(options, *entry, *directory, *ledger, *issuer);
    if (written && options.reason != pki::word(pki::Reason::remove_from_crl))
        tell_of_twins(*entry, *directory, *ledger);
    return written;
}

int revoke(Revoke const& options) {
    auto const made = make(options);
    return made ? 0 : failed(made.error());
}

}  // namespace

void add_revoke(CLI::App& group, Action& action) {
    CLI::App& command =
        add_command(group, "revoke", "Take a certificate back, and write its CA's list anew",
                    "sallyport cert revoke certs/client.alice.crt --reason keyCompromise \\\n"
                    "    --certs-dir certs --ca-key private/ca-client.key");
    auto const options = std::make_shared<Revoke>();
    command.add_option("SERIAL|FILE", options->what, "the serial number (hex), or the certificate")
        ->required();
    auto const check = [](std::string const& word) {
        return pki::reason_of(word)
                   ? std::string()
                   : word + " is no reason; the reasons are " + std::string(pki::reason_words());
    };
    command.add_option("--reason", options->reason, std::string(pki::reason_words()))
        ->check(check)
        ->type_name("REASON");
    add_certs_dir(command, options->certs_dir);
    add_ca_key(command, options->ca_key);
    add_crl_lifetime(command, options->lifetime);
    on_chosen(command, action, options, revoke);
}

}  // namespace sallyport::cli::cert
