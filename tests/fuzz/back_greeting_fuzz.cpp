// What a database says first: a greeting, an error, or anything else.
#include "fuzz/fuzz.hpp"
#include "wire/mysql/opening.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    mysql::BackGreeting dialogue;
    if (fuzz::drive(dialogue, fuzz::input(data, size)).ask != wire::Ask::done) return 0;
    bool const greeted = (dialogue.greeting().capabilities & mysql::capability::protocol_41) != 0;
    fuzz::require(greeted != dialogue.error().has_value());
    return 0;
}
