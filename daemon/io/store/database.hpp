// An SQLite database as values and results: statements prepared once, cursors that end themselves, transactions that
// roll back unless they are committed. What is in the tables is not known here.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/error.hpp"

namespace ntpopt {

/// Rows of a prepared statement, for as long as this lives. One at a time of each statement.
class Cursor {
  public:
    Cursor(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
    Cursor(Cursor&& other) noexcept;
    Cursor& operator=(Cursor&&) = delete;
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;
    ~Cursor();

    void bind(int place, std::string_view text);
    void bind(int place, std::int64_t number);
    void bind(int place, std::uint64_t number);
    void bind(int place, int number) { bind(place, std::int64_t{number}); }
    void bind(int place, const std::optional<double>& number);

    /// Goes to the next row; false after the last one.
    [[nodiscard]] Result<bool> next();

    /// Columns of the row, from 0.
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::uint64_t natural(int column) const;
    [[nodiscard]] std::optional<double> real(int column) const;
    [[nodiscard]] std::string text(int column) const;

  private:
    sqlite3* database_;
    sqlite3_stmt* statement_;  ///< null: it could not be prepared
};

class Database {
  public:
    /// Opens the file, or makes it. Nothing is read of it yet.
    [[nodiscard]] static Result<Database> open(const std::string& path);

    /// Runs statements that need no values and whose rows nobody wants.
    [[nodiscard]] Status script(const std::string& statements);

    /// A statement with its values, to be gone through. `sql` is a literal: it is prepared once.
    template <typename... Values>
    [[nodiscard]] Cursor query(const char* sql, const Values&... values) {
        Cursor cursor(database_.get(), prepare(sql));
        int place = 0;
        (cursor.bind(++place, values), ...);
        return cursor;
    }

    /// The same, where there is no row to see.
    template <typename... Values>
    [[nodiscard]] Status run(const char* sql, const Values&... values) {
        auto done = query(sql, values...).next();
        if (!done) return done.error();
        return {};
    }

    /// The one number that a statement gives.
    [[nodiscard]] Result<std::int64_t> number(const char* sql);

    /// Gives back what is kept of pages that nobody needs now.
    void release_memory() { sqlite3_db_release_memory(database_.get()); }

  private:
    struct Close {
        void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };

    explicit Database(sqlite3* database) : database_(database) {}
    [[nodiscard]] sqlite3_stmt* prepare(const char* sql);

    std::unique_ptr<sqlite3, Close> database_;
    std::map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> prepared_;
};

/// All that is done while this lives, or nothing.
class Transaction {
  public:
    [[nodiscard]] static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();

    /// Makes it durable.
    [[nodiscard]] Status commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

}  // namespace ntpopt
