// A CancelRequest, and the BackendKeyData whose body has the same process and secret.
#include "fuzz/fuzz.hpp"
#include "wire/postgres/messages.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const bytes = fuzz::input(data, size);
    if (auto const key = postgres::read_cancel_request(bytes)) {
        fuzz::require(fuzz::same(postgres::write_cancel_request(*key), bytes));
        auto const given_out =
            postgres::read_backend_key(bytes.subspan(postgres::opening_head_size));
        fuzz::require(given_out && *given_out == *key);
    }
    if (auto const key = postgres::read_backend_key(bytes)) {
        auto const again = postgres::read_cancel_request(postgres::write_cancel_request(*key));
        fuzz::require(again && *again == *key);
        fuzz::require(fuzz::same(bytes.subspan(postgres::secret_offset), key->secret));
    }
    return 0;
}
