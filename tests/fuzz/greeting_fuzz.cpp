// A backend's greeting: what is read can be written, and is then read as the same.
#include "fuzz/fuzz.hpp"
#include "wire/mysql/messages.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const first = mysql::read_greeting(fuzz::input(data, size));
    if (!first) return 0;
    auto const written = mysql::write_greeting(*first);
    auto const second = mysql::read_greeting(written);
    fuzz::require(second.has_value());
    fuzz::require(second->version == first->version);
    fuzz::require(second->connection_id == first->connection_id);
    fuzz::require(second->scramble == first->scramble);
    fuzz::require(second->capabilities == first->capabilities);
    fuzz::require(second->extended == first->extended);
    fuzz::require(second->plugin == first->plugin);
    fuzz::require(mysql::write_greeting(*second) == written);
    return 0;
}
