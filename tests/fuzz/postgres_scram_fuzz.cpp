// The four messages of SCRAM: what is cut out of a text is in it, and the parts make up the whole.
#include "fuzz/fuzz.hpp"
#include "wire/postgres/scram_messages.hpp"

using namespace sallyport;

namespace {

bool is_in(std::string_view part, std::string_view text) {
    return part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size();
}

void check_client_first(std::string_view text) {
    auto const first = postgres::read_scram_client_first(text);
    if (!first) return;
    fuzz::require(std::string(first->gs2_header) + std::string(first->bare) == text);
    fuzz::require(is_in(first->nonce, first->bare) && !first->nonce.empty());
    bool const is_used = first->binding == postgres::ScramClientFirst::Binding::used;
    fuzz::require(is_used != first->binding_name.empty());
    fuzz::require(!is_used || is_in(first->binding_name, first->gs2_header));
}

void check_server_first(std::string_view text) {
    auto const first = postgres::read_scram_server_first(text);
    if (!first) return;
    // Only extensions are left out.
    auto const written = postgres::write_scram_server_first(*first);
    fuzz::require(text.starts_with(written));
    fuzz::require(text.size() == written.size() || text[written.size()] == ',');
    auto const again = postgres::read_scram_server_first(written);
    fuzz::require(again && again->iterations == first->iterations);
}

void check_client_final(std::string_view text) {
    auto const final = postgres::read_scram_client_final(text);
    if (!final) return;
    auto const whole = std::string(final->without_proof) + ",p=" + std::string(final->proof);
    fuzz::require(whole == text);
    fuzz::require(is_in(final->binding, text) && is_in(final->nonce, text));
}

void check_server_final(std::string_view text) {
    auto const final = postgres::read_scram_server_final(text);
    if (!final) return;
    fuzz::require(final->signature.empty() != final->error.empty());
    fuzz::require(is_in(final->signature.empty() ? final->error : final->signature, text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    // A copy of just this size: the views are of a text without a NUL behind it.
    auto const bytes = fuzz::copy(fuzz::input(data, size));
    auto const text = as_text(bytes);
    check_client_first(text);
    check_server_first(text);
    check_client_final(text);
    check_server_final(text);
    return 0;
}
