#include "pki/sqlite.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sallyport::pki {
namespace {

// A transaction of ours takes milliseconds; a disk that stalls for longer than this is better told
// of than waited for.
constexpr int busy_milliseconds = 20'000;

class SqliteCategory : public boost::system::error_category {
 public:
    char const* name() const noexcept override { return "sqlite"; }
    std::string message(int code) const override { return sqlite3_errstr(code); }
};

/// SQLite would create the file as the umask allows; its journal takes the mode of the file. A file
/// that is there is not opened here: closing it would let go of the locks that this very process
/// may have on it (POSIX file locks belong to processes).
bool create_private(std::filesystem::path const& file) {
    int const descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) return errno == EEXIST;
    bool const made = ::fchmod(descriptor, 0600) == 0;
    ::close(descriptor);
    return made;
}

int bind(sqlite3_stmt* statement, int index, SqlValue const& value) {
    if (auto const* const number = std::get_if<std::int64_t>(&value); number != nullptr)
        return sqlite3_bind_int64(statement, index, *number);
    // The texts outlive the statement's run: prepare's caller holds them.
    auto const text = std::get<std::string_view>(value);
    return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC,
                               SQLITE_UTF8);
}

}  // namespace

boost::system::error_category const& sqlite_category() {
    static SqliteCategory const category;
    return category;
}

std::int64_t SqlRow::number(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string SqlRow::text(int column) const {
    auto const* const bytes = sqlite3_column_text(statement_, column);
    if (bytes == nullptr) return {};
    auto const size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return {reinterpret_cast<char const*>(bytes), size};
}

Result<SqlDatabase> SqlDatabase::open(std::filesystem::path const& file) {
    if (!create_private(file)) return error_code(errno, boost::system::system_category());
    sqlite3* opened = nullptr;
    int const state = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
    SqlDatabase database;
    database.database_.reset(opened);  // even a failed open hands out something to close
    if (state != SQLITE_OK) return error_code(state, sqlite_category());
    sqlite3_busy_timeout(opened, busy_milliseconds);
    // EXTRA also syncs the directory after the journal is gone: a revocation that was reported as
    // done is not rolled back by a power cut.
    for (std::string_view const setting :
         {"PRAGMA journal_mode = DELETE", "PRAGMA synchronous = EXTRA"}) {
        if (auto const set = database.run(setting); !set) return set.error();
    }
    return database;
}

Result<void> SqlDatabase::run(std::string_view sql, std::initializer_list<SqlValue> values) const {
    return rows(sql, values, [](SqlRow const&) {});
}

Result<std::int64_t> SqlDatabase::number(std::string_view sql,
                                         std::initializer_list<SqlValue> values) const {
    std::int64_t found = 0;
    bool first = true;
    auto const read = rows(sql, values, [&](SqlRow const& row) {
        if (std::exchange(first, false)) found = row.number(0);
    });
    if (!read) return read.error();
    return found;
}

Result<SqlDatabase::StatementPtr> SqlDatabase::prepare(
    std::string_view sql, std::initializer_list<SqlValue> values) const {
    sqlite3_stmt* made = nullptr;
    int const state = sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                         &made, nullptr);
    StatementPtr statement(made);
    if (state != SQLITE_OK) return failure();
    int index = 0;
    for (auto const& value : values) {
        if (bind(made, ++index, value) != SQLITE_OK) return failure();
    }
    return statement;
}

error_code SqlDatabase::failure() const {
    return {sqlite3_errcode(database_.get()), sqlite_category()};
}

Result<SqlTransaction> SqlTransaction::begin(SqlDatabase const& database) {
    if (auto const begun = database.run("BEGIN IMMEDIATE"); !begun) return begun.error();
    return SqlTransaction(database);
}

SqlTransaction::SqlTransaction(SqlTransaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

SqlTransaction::~SqlTransaction() {
    // A failure here changes nothing: SQLite undoes an unfinished transaction by itself.
    if (database_ != nullptr) static_cast<void>(database_->run("ROLLBACK"));
}

Result<void> SqlTransaction::commit() {
    if (auto const done = database_->run("COMMIT"); !done) return done.error();
    database_ = nullptr;
    return {};
}

}  // namespace sallyport::pki
