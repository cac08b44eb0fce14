#include "options.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string_view>

namespace load {

namespace {

constexpr char usage[] =
    "usage: load mysql|postgres connects|queries|bulk|idle --port=N --ca=FILE --user=NAME\n"
    "       --database=NAME [--connections=N] [--sessions=N] [--warm-up=S] [--seconds=S]\n"
    "       [--pid=N] [--certificate=FILE --key=FILE] [--resume=1] [--rate=N] [--rows=N]\n"
    "       [--query=SQL] [--every-tenth=SQL]\n";

[[noreturn]] void show_usage() {
    std::fputs(usage, stderr);
    std::exit(2);
}

std::map<std::string_view, Mode> const modes{{"connects", Mode::connects},
                                             {"queries", Mode::queries},
                                             {"bulk", Mode::bulk},
                                             {"idle", Mode::idle}};

using Setter = std::function<void(std::string const&)>;

std::map<std::string_view, Setter> setters_for(Options& options) {
    auto const text = [](std::string& place) {
        return [&place](std::string const& value) { place = value; };
    };
    auto const number = [](auto& place) {
        return [&place](std::string const& value) {
            place = static_cast<std::remove_reference_t<decltype(place)>>(std::atof(value.c_str()));
        };
    };
    return {{"port", number(options.port)},
            {"ca", text(options.credentials.ca)},
            {"certificate", text(options.credentials.certificate)},
            {"key", text(options.credentials.key)},
            {"user", text(options.account.user)},
            {"database", text(options.account.database)},
            {"connections", number(options.connections)},
            {"sessions", number(options.sessions)},
            {"resume", number(options.resumes)},
            {"warm-up", number(options.warm_up)},
            {"seconds", number(options.seconds)},
            {"pid", number(options.pid)},
            {"rate", number(options.rate)},
            {"rows", number(options.rows)},
            {"query", text(options.query)},
            {"every-tenth", text(options.every_tenth)}};
}

}  // namespace

Options read_options(int count, char** words) {
    if (count < 3) show_usage();
    Options options;
    std::string_view const protocol = words[1];
    auto const mode = modes.find(words[2]);
    if ((protocol != "mysql" && protocol != "postgres") || mode == modes.end()) show_usage();
    options.is_mysql = protocol == "mysql";
    options.mode = mode->second;
    auto const setters = setters_for(options);
    for (int i = 3; i < count; ++i) {
        std::string_view word = words[i];
        auto const equals = word.find('=');
        if (!word.starts_with("--") || equals == std::string_view::npos) show_usage();
        auto const setter = setters.find(word.substr(2, equals - 2));
        if (setter == setters.end()) show_usage();
        setter->second(std::string(word.substr(equals + 1)));
    }
    bool const is_sound = options.port > 0 && options.connections > 0 && options.rows > 0;
    if (!is_sound || options.credentials.ca.empty() || options.account.user.empty()) show_usage();
    return options;
}

}  // namespace load
