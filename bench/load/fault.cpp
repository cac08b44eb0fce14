#include "fault.hpp"

#include <openssl/err.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace load {

void fail(std::string_view what) {
    int const number = errno;
    std::fprintf(stderr, "error: %.*s", static_cast<int>(what.size()), what.data());
    if (number != 0) std::fprintf(stderr, ": %s", std::strerror(number));
    std::fputc('\n', stderr);
    ERR_print_errors_fp(stderr);
    // Other threads are in the middle of their work: nothing of theirs is to be tidied up.
    std::_Exit(1);
}

}  // namespace load
