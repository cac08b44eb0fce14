// Moments as text, for logs and people.
#pragma once

#include <chrono>
#include <ctime>
#include <string>

namespace sallyport {

/// "2026-11-22T15:00:00Z"
inline std::string utc_text(std::chrono::sys_seconds time) {
    auto const seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    // Room for the longest year that fits a certificate, and for those of a clock gone mad.
    std::string text(sizeof "-2147483648-11-22T15:00:00Z", '\0');
    text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
    return text;
}

}  // namespace sallyport
