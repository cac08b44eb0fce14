// The whole opening towards a PostgreSQL client. The first byte says whether TLS is on offer and
// whether something waits where nothing may; the rest is what the client sends.
#include "fuzz/fuzz.hpp"
#include "wire/postgres/opening.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    bool const offers_tls = (data[0] & 1U) == 0;
    bool const something_waits = (data[0] & 2U) != 0;
    postgres::FrontOpening dialogue(offers_tls);
    auto const last = fuzz::drive(dialogue, fuzz::input(data, size).subspan(1), something_waits);
    fuzz::require(!dialogue.is_direct() || (offers_tls && data[1] == 0x16));
    bool const is_old = last.ask == wire::Ask::fail && last.why == Errc::old_protocol;
    fuzz::require(is_old || dialogue.version() == 0);
    fuzz::require(!is_old || postgres::protocol_major(dialogue.version()) != 3);
    bool const is_done = last.ask == wire::Ask::done;
    fuzz::require(is_done == (dialogue.startup().has_value() != dialogue.cancel().has_value()));
    if (dialogue.startup()) {
        auto const again = postgres::read_startup(dialogue.startup()->packet);
        fuzz::require(again && again->parameters == dialogue.startup()->parameters);
    }
    return 0;
}
