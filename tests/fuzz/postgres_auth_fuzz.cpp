// Bodies of 'R' and 'p': what is read is written again, byte for byte where there is but one way.
#include "fuzz/fuzz.hpp"
#include "wire/postgres/messages.hpp"

using namespace sallyport;

namespace {

/// Whether `message` is a type, a length and this body.
bool is_message(Bytes message, char type, Bytes body) {
    auto const head = postgres::read_message_head(message.first(postgres::message_head_size));
    return head && head->type == type && head->body == body.size() &&
           fuzz::same(message.subspan(postgres::message_head_size), body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const body = fuzz::input(data, size);
    if (auto const request = postgres::read_auth(body)) {
        auto const written = postgres::write_auth(request->kind, request->data);
        fuzz::require(is_message(written, postgres::message::authentication, body));
    }
    if (auto const mechanisms = postgres::read_mechanisms(body))
        fuzz::require(fuzz::same(postgres::write_mechanisms(*mechanisms), body));
    if (auto const password = postgres::read_password(body)) {
        auto const written = postgres::write_password(*password);
        fuzz::require(is_message(written, postgres::message::password, body));
    }
    if (auto const initial = postgres::read_sasl_initial(body)) {
        auto const written = postgres::write_sasl_initial(*initial);
        // Without data there are two lengths to say so: 0 and -1.
        if (!initial->data.empty())
            fuzz::require(is_message(written, postgres::message::password, body));
        auto const again =
            postgres::read_sasl_initial(Bytes(written).subspan(postgres::message_head_size));
        fuzz::require(again && again->mechanism == initial->mechanism);
        fuzz::require(again->data == initial->data);
    }
    return 0;
}
