#include "pki/ledger.hpp"

#include "pki/openssl_calls.hpp"

#include <algorithm>
#include <sstream>

namespace sallyport::pki {
namespace {

// "SLYP": what tells this file from any other SQLite database (SQLite's file format, section 1.3).
constexpr std::int64_t application_id = 0x534c5950;
constexpr std::int64_t format = 1;

constexpr std::string_view certificates_table = R"(
CREATE TABLE IF NOT EXISTS certificates (
    id          INTEGER PRIMARY KEY,
    serial      TEXT NOT NULL,
    issuer      TEXT NOT NULL,
    authority   TEXT NOT NULL,
    subject     TEXT NOT NULL,
    names       TEXT NOT NULL,
    not_before  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    fingerprint TEXT NOT NULL UNIQUE,
    state       TEXT NOT NULL DEFAULT 'issued' CHECK (state IN ('issued', 'revoked')),
    reason      TEXT,
    revoked_at  INTEGER
))";
constexpr std::string_view serial_index =
    "CREATE INDEX IF NOT EXISTS by_serial ON certificates (serial)";
constexpr std::string_view revoked_index =
    "CREATE INDEX IF NOT EXISTS by_authority ON certificates (authority) WHERE state = 'revoked'";
constexpr std::string_view lists_table =
    "CREATE TABLE IF NOT EXISTS lists (authority TEXT PRIMARY KEY, number INTEGER NOT NULL)";

Result<void> make_tables(SqlDatabase const& database) {
    // PRAGMA takes no bound values.
    std::string const id = "PRAGMA application_id = " + std::to_string(application_id);
    std::string const version = "PRAGMA user_version = " + std::to_string(format);
    for (std::string_view const sql : {certificates_table, serial_index, revoked_index, lists_table,
                                       std::string_view(id), std::string_view(version)}) {
        if (auto const done = database.run(sql); !done) return done;
    }
    return {};
}

enum class State { ledger, empty, foreign };

Result<State> state_of(SqlDatabase const& database) {
    auto const id = database.number("PRAGMA application_id");
    if (!id) return id.error();
    auto const version = database.number("PRAGMA user_version");
    if (!version) return version.error();
    auto const tables = database.number("SELECT count(*) FROM sqlite_master");
    if (!tables) return tables.error();
    if (*id == application_id && *version == format) return State::ledger;
    // A new file is so, and one whose maker was killed before his transaction was complete.
    if (*id == 0 && *version == 0 && *tables == 0) return State::empty;
    return State::foreign;
}

Result<void> prepare(SqlDatabase const& database) {
    auto const seen = state_of(database);
    if (!seen) return seen.error();
    if (*seen == State::ledger) return {};
    // Another process may be making the tables: nobody does while this transaction lives.
    auto transaction = SqlTransaction::begin(database);
    if (!transaction) return transaction.error();
    auto const state = state_of(database);
    if (!state) return state.error();
    if (*state == State::ledger) return {};
    if (*state == State::foreign) return Errc::file_invalid;
    if (auto const made = make_tables(database); !made) return made;
    return transaction->commit();
}

std::string upper_hex(ASN1_OCTET_STRING const* identifier) {
    if (identifier == nullptr) return {};
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    auto const* const bytes = ASN1_STRING_get0_data(identifier);
    for (int i = 0; i < ASN1_STRING_length(identifier); ++i) {
        unsigned const byte = bytes[i];
        text += digits[byte >> 4U];
        text += digits[byte & 0xfU];
    }
    return text;
}

std::int64_t to_number(Time time) {
    return time.time_since_epoch().count();
}

Time to_time(std::int64_t seconds) {
    return Time(std::chrono::seconds(seconds));
}

/// No name of ours has a line end in it: it is what stands between two of them.
std::string joined(std::vector<std::string> const& names) {
    std::string text;
    for (auto const& name : names) {
        if (!text.empty()) text += '\n';
        text += name;
    }
    return text;
}

std::vector<std::string> lines_of(std::string const& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

constexpr std::string_view columns =
    "SELECT serial, issuer, authority, subject, names, not_before, not_after, kind, fingerprint, "
    "state, reason, revoked_at FROM certificates ";

LedgerEntry to_entry(SqlRow const& row) {
    LedgerEntry entry;
    entry.serial = row.text(0);
    entry.issuer = row.text(1);
    entry.authority = row.text(2);
    entry.subject = row.text(3);
    entry.names = lines_of(row.text(4));
    entry.not_before = to_time(row.number(5));
    entry.not_after = to_time(row.number(6));
    entry.kind = row.text(7);
    entry.fingerprint = row.text(8);
    if (row.text(9) == "revoked") {
        auto const reason = reason_of(row.text(10)).value_or(Reason::unspecified);
        entry.revocation = LedgerEntry::Revocation{reason, to_time(row.number(11))};
    }
    return entry;
}

}  // namespace

std::string key_identifier(Certificate const& ca) {
    ErrorQueueCleared const cleared;
    return upper_hex(X509_get0_subject_key_id(ca.get()));
}

Result<Ledger> Ledger::open(std::filesystem::path const& directory) {
    auto database = SqlDatabase::open(directory / file_name);
    if (!database) return database.error();
    if (auto const ready = prepare(*database); !ready) return ready.error();
    return Ledger(std::move(*database));
}

Result<void> Ledger::record(Certificate const& certificate, std::string_view kind) const {
    ErrorQueueCleared const cleared;
    return enter(certificate, kind, upper_hex(X509_get0_authority_key_id(certificate.get())));
}

Result<void> Ledger::record_below(Certificate const& certificate, std::string_view kind,
                                  Certificate const& ca) const {
    return enter(certificate, kind, key_identifier(ca));
}

Result<void> Ledger::enter(Certificate const& certificate, std::string_view kind,
                           std::string const& authority) const {
    auto const serial = certificate.serial();
    auto const issuer = certificate.issuer();
    auto const subject = certificate.subject();
    auto const names = joined(certificate.names());
    auto const fingerprint = certificate.fingerprint();
    return database_.run(
        "INSERT INTO certificates (serial, issuer, authority, subject, names, not_before, "
        "not_after, kind, fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (fingerprint) DO NOTHING",
        {serial, issuer, authority, subject, names, to_number(certificate.not_before()),
         to_number(certificate.not_after()), kind, fingerprint});
}

Result<std::vector<LedgerEntry>> Ledger::all() const {
    return select("ORDER BY id", {});
}

Result<std::vector<LedgerEntry>> Ledger::with_serial(std::string_view serial) const {
    return select("WHERE serial = ? ORDER BY id", {serial});
}

Result<std::vector<LedgerEntry>> Ledger::with_fingerprint(std::string_view fingerprint) const {
    return select("WHERE fingerprint = ?", {fingerprint});
}

Result<std::vector<LedgerEntry>> Ledger::revoked_below(std::string_view authority) const {
    return select("WHERE authority = ? AND state = 'revoked' ORDER BY id", {authority});
}

Result<std::vector<LedgerEntry>> Ledger::select(std::string const& condition,
                                                std::initializer_list<SqlValue> values) const {
    std::vector<LedgerEntry> entries;
    auto const read = database_.rows(std::string(columns) + condition, values,
                                     [&](SqlRow const& row) { entries.push_back(to_entry(row)); });
    if (!read) return read.error();
    return entries;
}

Result<void> Ledger::revoke(std::string_view fingerprint, Reason reason, Time when) const {
    return database_.run(
        "UPDATE certificates SET state = 'revoked', reason = ?, revoked_at = ? "
        "WHERE fingerprint = ?",
        {word(reason), to_number(when), fingerprint});
}

Result<void> Ledger::release(std::string_view fingerprint) const {
    return database_.run(
        "UPDATE certificates SET state = 'issued', reason = NULL, revoked_at = NULL "
        "WHERE fingerprint = ?",
        {fingerprint});
}

Result<std::uint64_t> Ledger::next_list_number(std::string_view authority,
                                               std::uint64_t at_least) const {
    auto const number = database_.number(
        "INSERT INTO lists (authority, number) VALUES (?, ? + 1) "
        "ON CONFLICT (authority) DO UPDATE SET number = max(number, excluded.number - 1) + 1 "
        "RETURNING number",
        {authority, static_cast<std::int64_t>(at_least)});
    if (!number) return number.error();
    return static_cast<std::uint64_t>(*number);
}

}  // namespace sallyport::pki
