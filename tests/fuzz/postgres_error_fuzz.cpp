// An ErrorResponse: the fields that we use are written again, and then read as the same.
#include "fuzz/fuzz.hpp"
#include "wire/postgres/messages.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const first = postgres::read_error(fuzz::input(data, size));
    if (!first) return 0;
    auto const written = postgres::write_error(*first);
    auto const second = postgres::read_error(Bytes(written).subspan(postgres::message_head_size));
    fuzz::require(second.has_value());
    fuzz::require(second->severity == first->severity && second->code == first->code);
    fuzz::require(second->message == first->message);
    fuzz::require(second->detail == first->detail && second->hint == first->hint);
    fuzz::require(postgres::write_error(*second) == written);
    return 0;
}
