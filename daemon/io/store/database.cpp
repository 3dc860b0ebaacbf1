// Implementation of database.hpp.
#include "daemon/io/store/database.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace ntpopt {
namespace {

/// What SQLite says, with the operating system's word where that has the cause.
Error error_of(sqlite3* database) {
    if (!database) return {Errc::io, "SQLite has no memory"};
    const int code = sqlite3_extended_errcode(database);
    auto text = std::string(sqlite3_errmsg(database));
    const int number = sqlite3_system_errno(database);
    const int kind = code & 0xFF;
    if (number != 0 && (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN || kind == SQLITE_FULL))
        text += fmt::format(" ({})", std::strerror(number));
    return {kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB ? Errc::parse : Errc::io, std::move(text)};
}

}  // namespace

Cursor::Cursor(Cursor&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Cursor::~Cursor() {
    if (!statement_) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

void Cursor::bind(int place, std::string_view text) {
    if (statement_) sqlite3_bind_text64(statement_, place, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Cursor::bind(int place, std::int64_t number) {
    if (statement_) sqlite3_bind_int64(statement_, place, number);
}

void Cursor::bind(int place, std::uint64_t number) {
    bind(place, static_cast<std::int64_t>(std::min<std::uint64_t>(number, INT64_MAX)));
}

void Cursor::bind(int place, const std::optional<double>& number) {
    if (statement_ && number) sqlite3_bind_double(statement_, place, *number);
}

Result<bool> Cursor::next() {
    if (!statement_) return error_of(database_);
    switch (sqlite3_step(statement_)) {
        case SQLITE_ROW:
            return true;
        case SQLITE_DONE:
            return false;
        default:
            return error_of(database_);
    }
}

std::int64_t Cursor::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::uint64_t Cursor::natural(int column) const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(integer(column), 0));
}

std::optional<double> Cursor::real(int column) const {
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
    return sqlite3_column_double(statement_, column);
}

std::string Cursor::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return text ? std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : std::string();
}

Result<Database> Database::open(const std::string& path) {
    sqlite3* raw = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
    Database opened(raw);
    if (code != SQLITE_OK) return error_of(raw).in(path);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return opened;
}

Status Database::script(const std::string& statements) {
    if (sqlite3_exec(database_.get(), statements.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return error_of(database_.get());
}

Result<std::int64_t> Database::number(const char* sql) {
    auto cursor = query(sql);
    const auto found = cursor.next();
    if (!found) return found.error();
    return *found ? cursor.integer(0) : std::int64_t{0};
}

sqlite3_stmt* Database::prepare(const char* sql) {
    auto& statement = prepared_[sql];
    if (!statement) {
        sqlite3_stmt* raw = nullptr;
        sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
        statement.reset(raw);
    }
    return statement.get();
}

Result<Transaction> Transaction::begin(Database& database) {
    if (auto begun = database.run("BEGIN IMMEDIATE"); !begun) return begun.error();
    return Transaction(database);
}

Status Transaction::commit() {
    auto done = database_->run("COMMIT");
    if (done) database_ = nullptr;
    return done;
}

Transaction::~Transaction() {
    // Where SQLite has rolled back by itself there is none left, and that is as well.
    if (database_) [[maybe_unused]]
        const auto undone = database_->run("ROLLBACK");
}

}  // namespace ntpopt
