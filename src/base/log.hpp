// The log: JSON lines on stderr, one event each. The only door to spdlog and fmt.
//
// What is never logged: passwords, authentication data, query text, private keys. There is no call
// here that takes a packet.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace sallyport::log {

enum class Level { debug, info, warn, error };

/// One field of a line. Empty text and absent values are the caller's business: they are written.
struct Field {
    std::string_view key;
    std::variant<std::string_view, std::int64_t, double, bool> value;

    Field(std::string_view k, std::string_view v) : key(k), value(v) {}
    Field(std::string_view k, char const* v) : key(k), value(std::string_view(v)) {}
    Field(std::string_view k, std::string const& v) : key(k), value(std::string_view(v)) {}
    Field(std::string_view k, bool v) : key(k), value(v) {}
    Field(std::string_view k, double v) : key(k), value(v) {}
    template <std::integral T>
    Field(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
};

/// Sets the lowest level that is written: "debug", "info", "warn" or "error". Returns false, and
/// changes nothing, for any other word. Safe from any thread.
bool set_level(std::string_view level);

/// Writes one line: time (UTC, milliseconds), level, event, then the fields in their order.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});
void write(Level level, std::string_view event, Field const* fields, std::size_t count);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

}  // namespace sallyport::log
