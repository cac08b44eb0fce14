#include "console/page.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace sallyport::console {
namespace {

std::optional<std::time_t> parse_date(std::string const& text) {
    std::tm parts{};
    // The two older forms that HTTP knows are sent by nobody who asks for a bundle.
    char const* const end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return ::timegm(&parts);
}

std::string_view trimmed(std::string_view text) {
    auto const first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Tags are compared weakly here (RFC 9110 section 13.1.2).
bool lists(std::string_view list, std::string_view tag) {
    while (!list.empty()) {
        auto const comma = list.find(',');
        auto candidate = trimmed(list.substr(0, comma));
        if (candidate.starts_with("W/")) candidate.remove_prefix(2);
        if (candidate == tag || candidate == "*") return true;
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return false;
}

}  // namespace

Answer plain(int status, std::string text) {
    Answer answer;
    answer.status = status;
    answer.body = std::move(text) + "\n";
    return answer;
}

std::string http_date(std::time_t time) {
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 64> text{};
    // Without setlocale(3), which nobody here calls, names are the English ones.
    auto const size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text.data(), size};
}

bool has_it(Ask const& ask, std::string const& tag, std::time_t modified) {
    if (!ask.if_none_match.empty()) return lists(ask.if_none_match, tag);
    auto const since = parse_date(ask.if_modified_since);
    return since && modified <= *since;
}

}  // namespace sallyport::console
