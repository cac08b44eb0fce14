// The whole opening towards a client. The first byte says whether TLS is on offer and what kind of
// server we claim to be; the rest is what the client sends.
#include "fuzz/fuzz.hpp"
#include "wire/mysql/opening.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    mysql::Greeting greeting;
    greeting.capabilities = 0x81fffffeU;
    greeting.extended = 0x1d;
    if ((data[0] & 1U) != 0) greeting.capabilities &= ~mysql::capability::ssl;
    if ((data[0] & 2U) != 0) greeting.capabilities |= mysql::capability::mysql;
    if ((data[0] & 4U) != 0) greeting.capabilities &= ~mysql::capability::plugin_auth_lenenc;

    mysql::FrontOpening dialogue(greeting);
    if (fuzz::drive(dialogue, fuzz::input(data, size).subspan(1)).ask != wire::Ask::done) return 0;
    auto const& head = dialogue.login().head;
    fuzz::require((head.capabilities & ~greeting.capabilities) == 0);
    fuzz::require((head.extended & ~greeting.extended) == 0);
    bool const by_tls = (head.capabilities & mysql::capability::ssl) != 0;
    fuzz::require(dialogue.next_sequence() == (by_tls ? 3 : 2));
    return 0;
}
