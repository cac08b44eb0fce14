#include "base/log.hpp"

#include "base/json.hpp"

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

void append_quoted(Line& line, std::string_view text) {
    write_json(std::back_inserter(line), text);
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
