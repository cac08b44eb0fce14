// A relayed PostgreSQL login: chunks, each behind a byte that says its direction (highest bit) and
// length. What comes out does not depend on the cutting, and only secrets are ever changed.
#include "fuzz/fuzz.hpp"
#include "wire/postgres/login_watch.hpp"

using namespace sallyport;

namespace {

constexpr std::byte written_over{0xaa};

/// A caller as LoginWatch wants it.
struct Relay {
    struct Direction {
        Buffer held{};
        Buffer passed{};
        bool operator==(Direction const&) const = default;
    };
    std::vector<postgres::CancelKey> keys{};
    postgres::LoginWatch watch{[this](postgres::CancelKey const& real, MutableBytes secret) {
        fuzz::require(fuzz::same(real.secret, secret));
        keys.push_back(real);
        std::fill(secret.begin(), secret.end(), written_over);
    }};
    Direction front{};
    Direction back{};

    Relay() = default;
    Relay(Relay const&) = delete;
    Relay& operator=(Relay const&) = delete;

    /// Passes the chunk in pieces of at most `largest`; false where the watch ends the session.
    bool pass(bool from_back, Bytes chunk, std::size_t largest) {
        while (!chunk.empty()) {
            auto const piece = chunk.first(std::min(largest, chunk.size()));
            chunk = chunk.subspan(piece.size());
            if (!pass_piece(from_back, piece)) return false;
        }
        return true;
    }

 private:
    bool pass_piece(bool from_back, Bytes piece) {
        auto& [held, passed] = from_back ? back : front;
        held.insert(held.end(), piece.begin(), piece.end());
        auto offered = fuzz::copy(held);
        auto const passes = from_back ? watch.from_back(offered) : watch.from_front(offered);
        if (!passes) return false;
        fuzz::require(*passes <= offered.size());
        auto const end = offered.begin() + static_cast<std::ptrdiff_t>(*passes);
        passed.insert(passed.end(), offered.begin(), end);
        held.assign(end, offered.end());
        return true;
    }
};

/// `passed` is the beginning of `sent`, apart from as many bytes as the secrets have.
bool is_but_for_secrets(Relay const& relay, Bytes passed, Bytes sent) {
    std::size_t secret = 0;
    for (auto const& key : relay.keys) secret += key.secret.size();
    std::size_t changed = 0;
    for (std::size_t i = 0; i < passed.size(); ++i) {
        if (passed[i] == sent[i]) continue;
        if (passed[i] != written_over) return false;
        ++changed;
    }
    return changed <= secret;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    Reader in(fuzz::input(data, size));
    Relay whole;
    Relay cut;
    Buffer said_by_back;
    Buffer said_by_front;
    while (in.remaining() > 1) {
        auto const said = in.u8();
        bool const from_back = (said & 0x80U) != 0;
        auto const bytes = in.take(std::min<std::size_t>(said & 0x7fU, in.remaining()));
        auto& sent = from_back ? said_by_back : said_by_front;
        sent.insert(sent.end(), bytes.begin(), bytes.end());
        bool const goes_on = whole.pass(from_back, bytes, bytes.size());
        fuzz::require(goes_on == cut.pass(from_back, bytes, 1));
        if (!goes_on) break;
        fuzz::require(whole.watch.outcome() == cut.watch.outcome());
        fuzz::require(whole.keys == cut.keys);
        fuzz::require(whole.back == cut.back && whole.front == cut.front);
        bool const refused = whole.watch.outcome() == postgres::LoginWatch::Outcome::refused;
        fuzz::require(refused == (whole.watch.error() != nullptr));
    }
    fuzz::require(is_but_for_secrets(cut, cut.back.passed, said_by_back));
    auto const& passed = cut.front.passed;
    fuzz::require(fuzz::same(passed, Bytes(said_by_front).first(passed.size())));
    return 0;
}
