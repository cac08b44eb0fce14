// SQLite in owning types, as far as the ledger needs it: one file, statements with values bound to
// them, rows read by column. A failure is an error_code of a category of its own, whose message is
// SQLite's ("database or disk is full").
#pragma once

#include "base/errc.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sallyport::pki {

boost::system::error_category const& sqlite_category();

/// What a column can hold here.
using SqlValue = std::variant<std::int64_t, std::string_view>;

/// One row's columns, good until the next one is asked for.
class SqlRow {
 public:
    explicit SqlRow(sqlite3_stmt& statement) : statement_(&statement) {}
    std::int64_t number(int column) const;  ///< zero where it is NULL
    std::string text(int column) const;     ///< empty where it is NULL

 private:
    sqlite3_stmt* statement_;
};

/// An open database file in rollback-journal mode: between two transactions the one file is the
/// truth, and a transaction that a crash cut short is undone by whoever opens it next.
class SqlDatabase {
 public:
    /// Creates the file with mode 0600 where there is none. Waits for other writers, but not for
    /// ever.
    static Result<SqlDatabase> open(std::filesystem::path const& file);

    /// One statement whose rows, if any, are of no interest.
    Result<void> run(std::string_view sql, std::initializer_list<SqlValue> values = {}) const;
    /// `read(SqlRow const&)` for each row.
    template <class Read>
    Result<void> rows(std::string_view sql, std::initializer_list<SqlValue> values,
                      Read&& read) const {
        auto statement = prepare(sql, values);
        if (!statement) return statement.error();
        for (;;) {
            int const state = sqlite3_step(statement->get());
            if (state == SQLITE_DONE) return {};
            if (state != SQLITE_ROW) return failure();
            read(SqlRow(**statement));
        }
    }
    /// The first column of the first row; zero where there is no row.
    Result<std::int64_t> number(std::string_view sql,
                                std::initializer_list<SqlValue> values = {}) const;
    /// Rows that the last statement changed.
    int changed() const { return sqlite3_changes(database_.get()); }

 private:
    struct Close {
        void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    using StatementPtr = std::unique_ptr<sqlite3_stmt, Finalize>;

    Result<StatementPtr> prepare(std::string_view sql,
                                 std::initializer_list<SqlValue> values) const;
    error_code failure() const;

    std::unique_ptr<sqlite3, Close> database_;
};

/// A write transaction: nobody else writes while it lives, and nothing of it stays unless it is
/// committed.
class SqlTransaction {
 public:
    static Result<SqlTransaction> begin(SqlDatabase const& database);
    SqlTransaction(SqlTransaction&& other) noexcept;
    SqlTransaction& operator=(SqlTransaction&&) = delete;
    ~SqlTransaction();

    Result<void> commit();

 private:
    explicit SqlTransaction(SqlDatabase const& database) : database_(&database) {}

    SqlDatabase const* database_;
};

}  // namespace sallyport::pki
