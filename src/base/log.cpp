#include "base/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <iterator>

namespace sallyport::log {
namespace {

using Line = fmt::memory_buffer;

spdlog::logger& logger() {
    static auto const instance = [] {
        auto made = std::make_shared<spdlog::logger>(
            "sallyport", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");  // The line is complete JSON already.
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warn:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

std::string_view name(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warn:
            return "warn";
        case Level::error:
            return "error";
    }
    return "info";
}

/// Length of the well-formed UTF-8 sequence at the start of `text`, or 0 (RFC 3629 section 4).
/// Names that clients send can be any bytes; a log line must stay valid JSON.
std::size_t utf8_length(std::string_view text) {
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto const follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    unsigned const lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return follows(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        bool const second = follows(1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf);
        return second && follows(2) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        bool const second = follows(1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf);
        return second && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

void append_quoted(Line& line, std::string_view text) {
    auto out = std::back_inserter(line);
    line.push_back('"');
    while (!text.empty()) {
        auto const length = utf8_length(text);
        auto const lead = static_cast<unsigned char>(text.front());
        if (lead == '"' || lead == '\\') {
            fmt::format_to(out, "\\{}", text.front());
        } else if (lead < 0x20 || length == 0) {
            // A stray byte is shown as the code point of the same number (Latin-1).
            fmt::format_to(out, "\\u{:04x}", lead);
        } else {
            line.append(text.data(), text.data() + length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    line.push_back('"');
}

void append_value(Line& line, Field const& field) {
    if (auto const* text = std::get_if<std::string_view>(&field.value)) {
        append_quoted(line, *text);
        return;
    }
    auto out = std::back_inserter(line);
    if (auto const* number = std::get_if<std::int64_t>(&field.value))
        fmt::format_to(out, "{}", *number);
    else if (auto const* real = std::get_if<double>(&field.value))
        fmt::format_to(out, "{:.3f}", *real);
    else
        fmt::format_to(out, "{}", std::get<bool>(field.value));
}

}  // namespace

bool set_level(std::string_view level) {
    for (auto const candidate : {Level::debug, Level::info, Level::warn, Level::error}) {
        if (name(candidate) != level) continue;
        logger().set_level(to_spdlog(candidate));
        return true;
    }
    return false;
}

void write(Level level, std::string_view event, Field const* fields, std::size_t count) {
    if (!logger().should_log(to_spdlog(level))) return;
    Line line;
    auto const now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    auto const millis = now.time_since_epoch().count() % 1000;
    fmt::format_to(std::back_inserter(line),
                   R"({{"time":"{:%Y-%m-%dT%H:%M:%S}.{:03}Z","level":"{}",)",
                   fmt::gmtime(std::chrono::system_clock::to_time_t(now)), millis, name(level));
    line.append(std::string_view(R"("event":)"));
    append_quoted(line, event);
    for (std::size_t i = 0; i < count; ++i) {
        line.push_back(',');
        append_quoted(line, fields[i].key);
        line.push_back(':');
        append_value(line, fields[i]);
    }
    line.push_back('}');
    logger().log(to_spdlog(level), std::string_view(line.data(), line.size()));
    // A line that says why the program ends must be out before it does.
    if (level >= Level::warn) logger().flush();
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    write(level, event, fields.begin(), fields.size());
}

}  // namespace sallyport::log
