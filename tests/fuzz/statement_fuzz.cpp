// A statement's text: every beginning of one of ours is known to be such, and so is held.
#include "fuzz/fuzz.hpp"
#include "wire/mysql/statement.hpp"

using namespace sallyport;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = as_text(fuzz::input(data, size));
    auto const statement = mysql::recognise(text);
    if (statement.kind == mysql::Statement::Kind::other) return 0;
    for (std::size_t length = 0; length < text.size(); ++length)
        fuzz::require(mysql::may_become_ours(text.substr(0, length)));
    if (statement.kind == mysql::Statement::Kind::kill) {
        fuzz::require(statement.number.data() >= text.data());
        fuzz::require(!statement.number.empty());
        fuzz::require(statement.number.find_first_not_of("0123456789") == text.npos);
    }
    return 0;
}
