#include "cli/cert/lifetime.hpp"

#include <charconv>

namespace sallyport::cli::cert {
namespace {

using std::chrono::days;
using std::chrono::duration_cast;
using std::chrono::seconds;

// Longer is a slip of the finger; and GeneralizedTime ends with the year 9999.
constexpr seconds longest = days(36525);

/// The length of the unit that `rest` begins with, which is taken from it.
std::optional<double> take_unit(std::string_view& rest) {
    struct Unit {
        std::string_view name;
        double seconds;
    };
    for (Unit const unit : {Unit{"d", 86400}, Unit{"h", 3600}, Unit{"m", 60}, Unit{"s", 1}}) {
        if (!rest.starts_with(unit.name)) continue;
        rest.remove_prefix(unit.name.size());
        return unit.seconds;
    }
    return std::nullopt;
}

}  // namespace

std::optional<seconds> parse_lifetime(std::string_view text) {
    double total = 0;
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        double number = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number,
                                                  std::chars_format::fixed);
        if (error != std::errc() || !(number >= 0)) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        auto const unit = take_unit(text);
        if (!unit) return std::nullopt;
        total += number * *unit;
    }
    if (!(total >= 1) || total > static_cast<double>(longest.count())) return std::nullopt;
    return seconds(static_cast<seconds::rep>(total));
}

}  // namespace sallyport::cli::cert
