// Commands on their way to the database. The first byte chooses compression and query attributes;
// then come chunks, each behind a byte that says its direction (highest bit) and length. What
// passes does not depend on the cutting, and only an id of ours is ever changed.
#include "fuzz/fuzz.hpp"
#include "wire/mysql/command_watch.hpp"

using namespace sallyport;

namespace {

/// A caller as CommandWatch wants it.
struct Relay {
    mysql::CommandWatch watch;
    Buffer held{};
    Buffer passed{};

    void front(Bytes chunk) {
        held.insert(held.end(), chunk.begin(), chunk.end());
        auto const size = held.size();
        auto const now = static_cast<std::ptrdiff_t>(watch.from_front(held));
        fuzz::require(held.size() == size);
        passed.insert(passed.end(), held.begin(), held.begin() + now);
        held.erase(held.begin(), held.begin() + now);
        fuzz::require(held.size() <= mysql::CommandWatch::max_held);
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    Reader in(fuzz::input(data, size));
    auto const options = in.u8();
    bool const compressed = (options & 1U) != 0;
    bool const attributes = (options & 2U) != 0;
    auto const translate = [](std::uint32_t id) -> std::optional<std::uint32_t> {
        fuzz::require(id >> 30U == 1);
        return id & 0xffffU;
    };
    Relay whole{mysql::CommandWatch(compressed, translate, attributes)};
    Relay cut{mysql::CommandWatch(compressed, translate, attributes)};
    Relay untranslated{mysql::CommandWatch(compressed, {}, attributes)};
    Buffer sent;
    while (in.remaining() > 0) {
        auto const said = in.u8();
        auto const bytes = in.take(std::min<std::size_t>(said & 0x7fU, in.remaining()));
        if ((said & 0x80U) != 0) {
            whole.watch.from_back(bytes);
            continue;
        }
        sent.insert(sent.end(), bytes.begin(), bytes.end());
        whole.front(bytes);
        for (std::size_t i = 0; i < bytes.size(); ++i) cut.front(bytes.subspan(i, 1));
        untranslated.front(bytes);
        fuzz::require(whole.passed == cut.passed);
        fuzz::require(whole.watch.quit() == cut.watch.quit());
        fuzz::require(whole.watch.take_changed_user() == cut.watch.take_changed_user());
    }
    auto const& passed = untranslated.passed;
    fuzz::require(fuzz::same(passed, Bytes(sent).first(passed.size())));
    fuzz::require(whole.passed.size() + whole.held.size() == sent.size());
    return 0;
}
