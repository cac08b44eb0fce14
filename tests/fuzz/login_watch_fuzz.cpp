// A relayed authentication. The first byte shifts the sequence numbers; then come chunks, each
// behind a byte that says its direction (highest bit) and length. The result does not depend on the
// cutting.
#include "fuzz/fuzz.hpp"
#include "wire/mysql/login_watch.hpp"

using namespace sallyport;

namespace {

/// Passes `chunk` in pieces of at most `largest`; false where the watch ends the session.
bool pass(mysql::LoginWatch& watch, bool from_back, MutableBytes chunk, std::size_t largest) {
    while (!chunk.empty()) {
        auto const piece = chunk.first(std::min(largest, chunk.size()));
        chunk = chunk.subspan(piece.size());
        if (from_back ? watch.from_back(piece).has_error() : watch.from_front(piece).has_error())
            return false;
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    Reader in(fuzz::input(data, size));
    auto const front_next = in.u8();
    mysql::LoginWatch whole(front_next, 2);
    mysql::LoginWatch cut(front_next, 2);
    while (in.remaining() > 1) {
        auto const said = in.u8();
        bool const from_back = (said & 0x80U) != 0;
        auto const bytes = in.take(std::min<std::size_t>(said & 0x7fU, in.remaining()));
        bool const decided = whole.outcome() != mysql::LoginWatch::Outcome::pending;
        auto one = fuzz::copy(bytes);
        auto many = fuzz::copy(bytes);
        bool const goes_on = pass(whole, from_back, one, bytes.size());
        fuzz::require(goes_on == pass(cut, from_back, many, 1));
        if (!goes_on) return 0;
        fuzz::require(fuzz::same(one, many));
        fuzz::require(whole.outcome() == cut.outcome());
        if (decided) fuzz::require(fuzz::same(one, bytes));
    }
    return 0;
}
