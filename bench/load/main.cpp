// The load client of the bench, for what the field's own load generators cannot do: sessions that
// resume by a ticket or show a certificate, bulk answers counted byte by byte, queries at fixed
// times, thousands of idle sessions. `load` without arguments says how it is called, report.hpp
// what it prints.
#include "options.hpp"
#include "run.hpp"

#include <csignal>
#include <sys/prctl.h>

int main(int count, char** words) {
    auto options = load::read_options(count, words);
    // A connection whose other end is gone is found by what the write returns.
    std::signal(SIGPIPE, SIG_IGN);
    // Threads wake at the time that they asked for; by default the kernel may add 50 microseconds.
    ::prctl(PR_SET_TIMERSLACK, 1UL);
    load::Run(std::move(options)).measure();
}
