#include "pki/list_file.hpp"

#include "pki/crl_writer.hpp"
#include "pki/files.hpp"
#include "pki/sqlite.hpp"

#include <algorithm>

namespace sallyport::pki {
namespace {

/// The list that `issuer` signed, if it has one.
std::optional<Crl> own_list(std::vector<Crl> const& lists, Certificate const& issuer) {
    for (auto const& list : lists)
        if (list.is_signed_by(issuer)) return list;
    return std::nullopt;
}

/// Lists of CAs that are gone, or that prove nothing any more, would only keep the file from being
/// taken.
void drop_useless(std::vector<Crl>& lists, std::vector<Certificate> const& cas) {
    std::erase_if(lists, [&](Crl const& list) {
        return list.is_expired() || std::ranges::none_of(cas, [&](Certificate const& ca) {
                   return list.is_signed_by(ca);
               });
    });
}

/// As the CAs stand in their file: whoever takes the first list alone takes that of the CA in use,
/// whichever was written last.
void sort_as(std::vector<Crl>& lists, std::vector<Certificate> const& cas) {
    std::ranges::stable_sort(lists, {}, [&](Crl const& list) {
        return std::ranges::find_if(cas,
                                    [&](Certificate const& ca) { return list.is_signed_by(ca); }) -
               cas.begin();
    });
}

/// The ledger is whole, and not for this user. SQLite's extended codes begin with the plain one.
bool is_forbidden(int sqlite_code) {
    int const plain = sqlite_code & 0xff;
    return plain == SQLITE_READONLY || plain == SQLITE_CANTOPEN || plain == SQLITE_PERM;
}

}  // namespace

Checked<Ledger> open_ledger(CertsDirectory const& directory) {
    auto ledger = Ledger::open(directory.path());
    if (!ledger) return ledger_fault(directory, ledger.error());
    return std::move(*ledger);
}

Fault ledger_fault(CertsDirectory const& directory, error_code const& reason) {
    auto fault = system_fault("use the ledger", directory.file("ledger.db").string(), reason);
    if (reason.category() == sqlite_category() && is_forbidden(reason.value()))
        fault.hint = "run this as the user that owns " + directory.path().string() +
                     ", with write permission for it; leave the ledger where it is";
    if (fault.hint.empty())
        fault.hint =
            "restore it from a backup; without one, move it away: what was issued before "
            "can then be revoked by its file";
    return fault;
}

std::vector<Crl> lists_of(CertsDirectory const& directory, Issuer const& issuer) {
    auto const text = read_file(directory.file(certs_names::list_of(issuer.file)));
    if (!text) return {};
    auto lists = Crl::from_pem(*text);
    return lists ? std::move(*lists) : std::vector<Crl>();
}

Checked<NextList> next_list(CertsDirectory const& directory, Ledger const& ledger,
                            Issuer const& issuer, Authority const& authority,
                            ListWish const& wish) {
    auto const now = current_time();
    auto const id = key_identifier(issuer.certificate);
    auto entries = ledger.revoked_below(id);
    if (!entries) return ledger_fault(directory, entries.error());
    auto const cas = wish.cas ? Checked<std::vector<Certificate>>(*wish.cas)
                              : directory.read_certificates(issuer.file);
    if (!cas) return cas.error();
    auto lists = lists_of(directory, issuer);
    auto const before = own_list(lists, issuer.certificate);
    if (wish.changed) {
        std::erase_if(*entries,
                      [&](auto const& e) { return e.fingerprint == wish.changed->fingerprint; });
        entries->push_back(*wish.changed);
    }
    // RFC 5280 section 3.3: an entry may leave once a list was written after its certificate's end.
    if (before)
        std::erase_if(*entries, [&](auto const& e) { return e.not_after < before->issued_at(); });

    auto const number = ledger.next_list_number(id, before ? before->number() : 0);
    if (!number) return ledger_fault(directory, number.error());
    auto const end = issuer.certificate.not_after();
    CrlWish const content{std::move(*entries), *number, now,
                          wish.lifetime ? std::min(now + *wish.lifetime, end) : end};
    auto list = make_crl(authority, content);
    drop_useless(lists, *cas);
    lists = with_list(std::move(lists), list, issuer.certificate);
    sort_as(lists, *cas);
    auto const text = to_pem(lists);
    return NextList{{certs_names::list_of(issuer.file), text}, std::move(list)};
}

}  // namespace sallyport::pki
