// A row of a database's answer: its values lie within it, in order, and fill it.
#include "fuzz/fuzz.hpp"
#include "wire/postgres/query.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const body = fuzz::input(data, size);
    auto const row = postgres::read_data_row(body);
    if (!row) return 0;
    constexpr std::size_t length_size = 4;
    std::size_t at = 2;
    for (auto const& value : *row) {
        at += length_size;
        if (!value) continue;
        fuzz::require(at + value->size() <= body.size());
        fuzz::require(fuzz::same(as_bytes(*value), body.subspan(at, value->size())));
        at += value->size();
    }
    fuzz::require(at == body.size());
    return 0;
}
