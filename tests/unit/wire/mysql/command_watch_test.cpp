#include "wire/mysql/command_watch.hpp"

#include "support/script.hpp"

#include <gtest/gtest.h>

namespace sallyport::mysql {
namespace {

using namespace test;

constexpr std::uint32_t ours = own_id_bit + 1;
constexpr std::size_t one_chunk = ~std::size_t{0};

std::optional<std::uint32_t> translate(std::uint32_t id) {
    EXPECT_EQ(id >> 30U, 1U) << "none of our ids: " << id;
    if (id == ours) return 42;
    return std::nullopt;
}

Buffer packet(std::uint8_t sequence, std::string_view payload) {
    return make_packet(sequence, as_bytes(payload));
}

Buffer query(std::string_view text) {
    return packet(0, '\x03' + std::string(text));
}

/// A frame of the compressed protocol that travels uncompressed.
Buffer frame(Buffer const& packets, std::uint8_t sequence = 0) {
    Buffer bytes;
    Writer out(bytes);
    out.u24le(static_cast<std::uint32_t>(packets.size()));
    out.u8(sequence);
    out.u24le(0);
    return bytes + packets;
}

/// A caller as CommandWatch wants it: keeps what is held back, and gives it again.
class Relay {
 public:
    explicit Relay(CommandWatch& watch) : watch_(watch) {}

    void front(Bytes chunk) {
        held_.insert(held_.end(), chunk.begin(), chunk.end());
        auto const passed = static_cast<std::ptrdiff_t>(watch_.from_front(held_));
        passed_.insert(passed_.end(), held_.begin(), held_.begin() + passed);
        held_.erase(held_.begin(), held_.begin() + passed);
        EXPECT_LE(held_.size(), CommandWatch::max_held);
    }
    void front(Buffer const& bytes, std::size_t largest_chunk) {
        for (Bytes rest = bytes; !rest.empty();) {
            auto const size = std::min(largest_chunk, rest.size());
            front(rest.first(size));
            rest = rest.subspan(size);
        }
    }

    Buffer const& passed() const { return passed_; }
    Buffer const& held() const { return held_; }

 private:
    CommandWatch& watch_;
    Buffer held_;
    Buffer passed_;
};

/// What becomes of `bytes` however they are cut: in one chunk, in two, and byte by byte.
Buffer passed(Buffer const& bytes, bool compressed = false) {
    CommandWatch whole(compressed, translate);
    Relay relay(whole);
    relay.front(bytes, one_chunk);
    EXPECT_TRUE(relay.held().empty());
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        CommandWatch watch(compressed, translate);
        Relay in_two(watch);
        in_two.front(Bytes(bytes).first(cut));
        in_two.front(Bytes(bytes).subspan(cut));
        EXPECT_EQ(in_two.passed(), relay.passed()) << "cut at " << cut;
        EXPECT_EQ(watch.quit(), whole.quit()) << "cut at " << cut;
    }
    CommandWatch watch(compressed, translate);
    Relay in_bytes(watch);
    in_bytes.front(bytes, 1);
    EXPECT_EQ(in_bytes.passed(), relay.passed()) << "byte by byte";
    return relay.passed();
}

TEST(CommandWatch, OrdinaryCommandsPassAsTheyAre) {
    auto const commands = query("select 1") + packet(0, "\x16insert") + packet(0, "\x0e") +
                          query(std::string(2000, 's')) + packet(0, "");
    EXPECT_EQ(passed(commands), commands);
    EXPECT_EQ(passed(frame(commands), true), frame(commands));
}

TEST(CommandWatch, KillOfOneOfOursIsRewritten) {
    EXPECT_EQ(passed(query("KILL QUERY 1073741825")), query("KILL QUERY 42        "));
    EXPECT_EQ(passed(query("/* x */ kill 1073741825;")), query("/* x */ kill 42        ;"));
    EXPECT_EQ(passed(frame(query("KILL 1073741825")), true), frame(query("KILL 42        ")));
}

TEST(CommandWatch, OtherKillsPassAsTheyAre) {
    for (auto const* text :
         {"KILL 7", "KILL 1073741824", "KILL 3221225473", "KILL 01073741825", "KILL 9999999999",
          "KILL QUERY ID 1073741825", "KILL 1073741825 x", "select 1073741825"})
        EXPECT_EQ(passed(query(text)), query(text));
}

TEST(CommandWatch, TheLargestForeignIdFitsInThePlaceOfOurs) {
    CommandWatch watch(false, [](std::uint32_t) { return 0xffffffffU; });
    auto chunk = query("KILL 1073741825");
    EXPECT_EQ(watch.from_front(chunk), chunk.size());
    EXPECT_EQ(chunk, query("KILL 4294967295"));
}

TEST(CommandWatch, WithoutTranslationKillsPassAsTheyAre) {
    CommandWatch watch(false, {});
    auto chunk = query("KILL 1073741825") + hex("05000000 0c 01000040");
    auto const before = chunk;
    EXPECT_EQ(watch.from_front(chunk), chunk.size());
    EXPECT_EQ(chunk, before);
}

TEST(CommandWatch, ProcessKillIsRewritten) {
    EXPECT_EQ(passed(hex("05000000 0c 01000040")), hex("05000000 0c 2a000000"));
    EXPECT_EQ(passed(hex("05000000 0c 07000000")), hex("05000000 0c 07000000"));
    EXPECT_EQ(passed(hex("05000000 0c 010000c0")), hex("05000000 0c 010000c0"));
    EXPECT_EQ(passed(hex("06000000 0c 0100004000")), hex("06000000 0c 0100004000"));
}

// Perl's DBD::MariaDB with server-side prepare kills like this.
TEST(CommandWatch, KillThatIsPreparedIsRewritten) {
    EXPECT_EQ(passed(packet(0, "\x16KILL QUERY 1073741825")),
              packet(0, "\x16KILL QUERY 42        "));
}

TEST(CommandWatch, ReloadThatIsOnlyPreparedIsNoReload) {
    CommandWatch watch(false, translate);
    auto prepare = packet(0, '\x16' + std::string("FLUSH SSL"));
    watch.from_front(prepare);
    EXPECT_FALSE(watch.from_back(hex("0c000001 00 01000000 0000 0000 00 0000")));
}

// Data of LOAD DATA LOCAL is numbered on from its query; what looks like a KILL in it is data.
TEST(CommandWatch, DataIsNeverLookedAt) {
    auto const kill = std::string("\x03KILL 1073741825");
    auto const data = packet(2, kill) + packet(255, kill) + packet(0, kill) + packet(1, kill);
    EXPECT_EQ(passed(data), data);
    // The empty packet ends the data, even where it is number 255.
    auto const end = data + packet(255, "");
    EXPECT_EQ(passed(end + query("KILL 1073741825")), end + query("KILL 42        "));
}

TEST(CommandWatch, RestOfALargePayloadIsNeverLookedAt) {
    CommandWatch watch(false, translate);
    Relay relay(watch);
    auto const large = hex("ffffff 00 03") + Buffer(max_payload - 1, std::byte{'x'});
    auto const rest = packet(1, "\x03KILL 1073741825");
    relay.front(large + rest + query("KILL 1073741825"), 65536);
    EXPECT_EQ(relay.passed(), large + rest + query("KILL 42        "));
}

TEST(CommandWatch, CompressedFramesAreNotLookedAt) {
    auto squeezed = frame(query("KILL 1073741825"));
    squeezed[4] = std::byte{0x50};
    EXPECT_EQ(passed(squeezed, true), squeezed);
}

TEST(CommandWatch, PacketThatItsFrameDoesNotHoldWholeIsNotLookedAt) {
    auto const kill = query("KILL 1073741825");
    auto const split =
        frame({kill.begin(), kill.end() - 3}) + frame({kill.end() - 3, kill.end()}, 1);
    EXPECT_EQ(passed(split, true), split);
    // Behind a COM_PROCESS_KILL without its id, the next frame's header has the bytes of one of
    // ours.
    auto const header_as_id = frame(hex("05000000 0c")) + frame(hex("aa"), 0x40);
    EXPECT_EQ(passed(header_as_id, true), header_as_id);
}

TEST(CommandWatch, LongQueriesAreNeverHeld) {
    CommandWatch watch(false, translate);
    Relay relay(watch);
    auto const longest = CommandWatch::max_held - header_size - 1;
    auto const spaces = std::string(longest - 14, ' ');
    relay.front(query(spaces + "KILL 1073741825"), 7);
    EXPECT_EQ(relay.passed(), query(spaces + "KILL 1073741825"));
    relay.front(query(spaces + "KILL 107374182"), 7);
    EXPECT_TRUE(relay.held().empty());
}

TEST(CommandWatch, HoldsOnlyWhatMayBeOneOfOurs) {
    CommandWatch watch(false, translate);
    Relay relay(watch);
    auto const select = query("select a_long_enough_name");
    relay.front(Bytes(select).first(12));
    EXPECT_TRUE(relay.held().empty());
    auto const kill = query("KILL 1073741825");
    relay.front(Buffer(select.begin() + 12, select.end()) + Buffer(kill.begin(), kill.end() - 1),
                one_chunk);
    EXPECT_EQ(relay.held().size(), kill.size() - 1);
}

TEST(CommandWatch, SeesTheUserChange) {
    auto const change = packet(0, std::string("\x11"
                                              "e\0\x14",
                                              4) +
                                      std::string(91, 'x'));
    for (std::size_t cut = 1; cut < change.size(); ++cut) {
        CommandWatch watch(false, translate);
        Relay relay(watch);
        relay.front(Bytes(change).first(cut));
        relay.front(Bytes(change).subspan(cut));
        EXPECT_EQ(watch.take_changed_user(), "e") << "cut at " << cut;
        EXPECT_EQ(watch.take_changed_user(), std::nullopt);
        EXPECT_EQ(relay.passed(), change);
    }
}

TEST(CommandWatch, UserNameWithoutAnEndIsHeldNoLongerThanAnyName) {
    CommandWatch watch(false, translate);
    Relay relay(watch);
    relay.front(packet(0, '\x11' + std::string(1000, 'u')), 1);
    EXPECT_TRUE(relay.held().empty());
    EXPECT_EQ(watch.take_changed_user()->find_first_not_of('u'), std::string::npos);
}

TEST(CommandWatch, SeesTheClientQuit) {
    CommandWatch watch(false, translate);
    auto not_yet = query("select 1") + hex("02000000 0101") + hex("01000001 01");
    watch.from_front(not_yet);
    EXPECT_FALSE(watch.quit());
    auto quit = hex("01000000 01");
    watch.from_front(quit);
    EXPECT_TRUE(watch.quit());

    CommandWatch compressed(true, translate);
    auto framed = hex("05000000000000 0100000001");
    compressed.from_front(framed);
    EXPECT_TRUE(compressed.quit());
}

// With attributes agreed on, the text comes behind "no parameters, in one set".
TEST(CommandWatch, QueryAttributesStandBeforeTheText) {
    auto const none = std::string("\x03\0\x01", 3);
    auto const some = std::string("\x03\x01\x01", 3);
    for (std::size_t chunk : {std::size_t{1}, std::size_t{6}, one_chunk}) {
        CommandWatch watch(false, translate, true);
        Relay relay(watch);
        relay.front(packet(0, none + "KILL 1073741825"), chunk);
        relay.front(packet(0, some + "KILL 1073741825"), chunk);
        relay.front(query(""), chunk);
        EXPECT_EQ(relay.passed(), packet(0, none + "KILL 42        ") +
                                      packet(0, some + "KILL 1073741825") + query(""));
    }
}

class Reload : public testing::Test {
 protected:
    void ask(Buffer bytes) { ASSERT_EQ(watch.from_front(bytes), bytes.size()); }

    Buffer const ok = hex("07000001 00000002000000");
    Buffer const reload = query("ALTER INSTANCE RELOAD TLS");
    CommandWatch watch{false, {}};
};

TEST_F(Reload, IsReportedOnceTheDatabaseSaidOk) {
    ask(reload);
    EXPECT_TRUE(watch.from_back(ok));
    EXPECT_FALSE(watch.from_back(ok));
    ask(query("flush ssl"));
    EXPECT_TRUE(watch.from_back(ok));
}

TEST_F(Reload, AnswerInPiecesIsAnAnswer) {
    ask(reload);
    EXPECT_FALSE(watch.from_back(Bytes(ok).first(3)));
    EXPECT_FALSE(watch.from_back({}));
    EXPECT_TRUE(watch.from_back(Bytes(ok).subspan(3)));
}

TEST_F(Reload, RefusedByTheDatabaseIsNot) {
    ask(reload);
    EXPECT_FALSE(watch.from_back(hex("09000001 ff cb04 23 3432303030")));
    EXPECT_FALSE(watch.from_back(ok));
}

TEST_F(Reload, OtherStatementsAreNot) {
    ask(query("FLUSH TABLES"));
    EXPECT_FALSE(watch.from_back(ok));
}

// Among other commands, the OK may be to one of them.
TEST_F(Reload, AmongOtherCommandsIsNot) {
    ask(reload + query("do 1"));
    EXPECT_FALSE(watch.from_back(ok));
    ask(query("do 1") + reload);
    EXPECT_FALSE(watch.from_back(ok));
    ask(query("do 1"));
    ask(reload);
    EXPECT_FALSE(watch.from_back(ok));
    EXPECT_FALSE(watch.from_back(ok));
    ask(reload);
    ask(query("do 1"));
    EXPECT_FALSE(watch.from_back(ok));
}

TEST_F(Reload, UnderCompressionIsSeenInItsFrame) {
    CommandWatch compressed(true, {});
    auto asked = frame(query("flush ssl"));
    compressed.from_front(asked);
    EXPECT_TRUE(compressed.from_back(hex("0b000001000000 07000001 00000002000000")));
    auto two = frame(query("flush ssl") + query("do 1"));
    compressed.from_front(two);
    EXPECT_FALSE(compressed.from_back(hex("0b000001000000 07000001 00000002000000")));
    compressed.from_front(asked);
    EXPECT_FALSE(compressed.from_back(hex("0b000001500000 07000001 00000002000000")));
}

}  // namespace
}  // namespace sallyport::mysql
