// A database's error: it is written again byte for byte.
#include "fuzz/fuzz.hpp"
#include "wire/mysql/messages.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const payload = fuzz::input(data, size);
    auto const error = mysql::read_error(payload);
    fuzz::require(!error || mysql::is_error(payload));
    if (error) fuzz::require(fuzz::same(mysql::write_error(*error), payload));
    return 0;
}
