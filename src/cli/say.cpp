#include "cli/say.hpp"

#include <iostream>
#include <string>

namespace sallyport::cli {

namespace {

/// One write for each line, so that lines of several processes on one terminal do not mix.
void line(std::ostream& stream, std::string_view prefix, std::string_view text) {
    std::string whole(prefix);
    whole += text;
    whole += '\n';
    stream << whole << std::flush;
}

void with_hint(std::string_view prefix, std::string_view what, std::string_view hint) {
    line(std::cerr, prefix, what);
    if (!hint.empty()) line(std::cerr, "hint: ", hint);
}

}  // namespace

void error(std::string_view what, std::string_view hint) {
    with_hint("error: ", what, hint);
}

void warning(std::string_view what, std::string_view hint) {
    with_hint("warning: ", what, hint);
}

void note(std::string_view what) {
    line(std::cerr, "note: ", what);
}

void progress(std::string_view step) {
    line(std::cerr, "==> ", step);
}

void out(std::string_view text) {
    line(std::cout, "", text);
}

}  // namespace sallyport::cli
