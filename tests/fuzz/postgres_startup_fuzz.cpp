// A StartupMessage: what is read is written again byte for byte.
#include "fuzz/fuzz.hpp"
#include "wire/postgres/messages.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const packet = fuzz::input(data, size);
    auto const startup = postgres::read_startup(packet);
    if (!startup) return 0;
    fuzz::require(fuzz::same(startup->packet, packet));
    auto const written = postgres::write_startup(startup->protocol, startup->parameters);
    fuzz::require(fuzz::same(written, packet));
    fuzz::require(!startup->user().empty() && !startup->database().empty());
    return 0;
}
