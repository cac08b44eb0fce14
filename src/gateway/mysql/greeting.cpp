#include "gateway/mysql/greeting.hpp"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <sys/random.h>

namespace sallyport::gateway {

mysql::Greeting own_greeting(mysql::Greeting backend, std::uint32_t connection_id) {
    std::array<unsigned char, mysql::scramble_size> random{};
    // Up to 256 bytes come whole or not at all (getrandom(2)).
    if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
        throw std::runtime_error("getrandom failed");
    backend.scramble.clear();
    // As servers make it: 7-bit, no NUL (which ends it) and no '$' (which some plugins split at).
    for (unsigned char const byte : random) {
        char const letter = static_cast<char>(byte & 0x7fU);
        backend.scramble +=
            letter == '\0' || letter == '$' ? static_cast<char>(letter + 1) : letter;
    }
    backend.connection_id = connection_id;
    return backend;
}

}  // namespace sallyport::gateway
