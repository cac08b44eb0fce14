// The log: one line of JSON for each event, whatever bytes a client chose for its name.
#include "base/log.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <regex>
#include <string>
#include <vector>

namespace sallyport::log {
namespace {

using Json = nlohmann::ordered_json;

class Log : public testing::Test {
 protected:
    ~Log() override { set_level("info"); }

    static std::string written(std::function<void()> const& act) {
        testing::internal::CaptureStderr();
        act();
        return testing::internal::GetCapturedStderr();
    }
    /// The line that writing this text as a value gives, parsed; discarded where it is not JSON.
    static Json with_value(std::string_view text) {
        return Json::parse(written([&] { info("event", {{"key", text}}); }), nullptr, false);
    }
};

TEST_F(Log, ALineHasTimeLevelEventAndTheFieldsInTheirOrder) {
    auto const line = Json::parse(written([] {
        info("session ended",
             {{"user", "alice"}, {"bytes_in", 42}, {"handshake_ms", 1.5}, {"resumed", true}});
    }));
    std::vector<std::string> keys;
    for (auto const& [key, value] : line.items()) keys.push_back(key);
    EXPECT_EQ(keys, (std::vector<std::string>{"time", "level", "event", "user", "bytes_in",
                                              "handshake_ms", "resumed"}));
    EXPECT_EQ(line["level"], "info");
    EXPECT_EQ(line["event"], "session ended");
    EXPECT_EQ(line["user"], "alice");
    EXPECT_EQ(line["bytes_in"], 42);
    EXPECT_EQ(line["handshake_ms"], 1.5);
    EXPECT_EQ(line["resumed"], true);
}

TEST_F(Log, TheTimeIsUtcWithMilliseconds) {
    auto const line = Json::parse(written([] { info("event"); }));
    static std::regex const form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
    EXPECT_TRUE(std::regex_match(line["time"].get<std::string>(), form)) << line["time"];
}

TEST_F(Log, AnEventIsOneLine) {
    auto const text = written([] {
        info("first", {{"key", "a\nb\r\n"}});
        info("second");
    });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
    EXPECT_EQ(text.back(), '\n');
}

TEST_F(Log, EverySingleByteGivesValidJson) {
    for (int byte = 0; byte < 256; ++byte) {
        auto const line = with_value(std::string(1, static_cast<char>(byte)));
        EXPECT_FALSE(line.is_discarded()) << "byte " << byte;
    }
}

TEST_F(Log, EveryPairOfALeadByteAndAnyOtherGivesValidJson) {
    for (int lead = 0xc0; lead < 256; ++lead) {
        std::string text;
        for (int next = 0; next < 256; ++next) {
            text += static_cast<char>(lead);
            text += static_cast<char>(next);
        }
        EXPECT_FALSE(with_value(text).is_discarded()) << "lead " << lead;
    }
}

TEST_F(Log, WellFormedUtf8IsKept) {
    std::string const text = "\u00e9\u0800\u20ac\ud7ff\ue000\U00010000\U0010ffff";
    EXPECT_EQ(with_value(text)["key"], text);
}

TEST_F(Log, QuotesBackslashesAndControlsComeBackAsTheyWere) {
    std::string const text("\"\\\0\x01\x1f\t\x7f/", 8);
    EXPECT_EQ(with_value(text)["key"], text);
}

TEST_F(Log, AStrayByteIsShownAsTheCodePointOfItsNumber) {
    EXPECT_EQ(with_value("a\xff"
                         "b")["key"],
              "a\u00ffb");
    EXPECT_EQ(with_value("\xe9t\xe9")["key"], "\u00e9t\u00e9");
}

TEST_F(Log, OverlongFormsSurrogatesAndCutSequencesAreStrayBytes) {
    for (std::string const text : {"\xc0\x80", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
                                   "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x9f\x98", "\xc3"}) {
        auto const line = with_value(text);
        ASSERT_FALSE(line.is_discarded());
        // Each byte has become one code point of two bytes.
        EXPECT_EQ(line["key"].get<std::string>().size(), 2 * text.size());
    }
}

TEST_F(Log, KeysAndEventsAreEscapedToo) {
    auto const line = Json::parse(written([] { info("e\"\xff", {{"k\"\n", 1}}); }));
    EXPECT_EQ(line["event"], "e\"\u00ff");
    EXPECT_TRUE(line.contains("k\"\n"));
}

TEST_F(Log, IntegersKeepEveryDigit) {
    auto const line = Json::parse(written([] {
        info("event", {{"most", std::numeric_limits<std::int64_t>::max()},
                       {"least", std::numeric_limits<std::int64_t>::min()}});
    }));
    EXPECT_EQ(line["most"], std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(line["least"], std::numeric_limits<std::int64_t>::min());
}

TEST_F(Log, LinesBelowTheLevelAreNotWritten) {
    ASSERT_TRUE(set_level("warn"));
    EXPECT_EQ(written([] {
                  debug("a");
                  info("b");
              }),
              "");
    EXPECT_NE(written([] { warn("c"); }), "");
    EXPECT_NE(written([] { error("d"); }), "");
}

TEST_F(Log, DebugWritesEverything) {
    ASSERT_TRUE(set_level("debug"));
    EXPECT_EQ(Json::parse(written([] { debug("a"); }))["level"], "debug");
}

TEST_F(Log, ErrorWritesErrorsOnly) {
    ASSERT_TRUE(set_level("error"));
    EXPECT_EQ(written([] { warn("a"); }), "");
    EXPECT_EQ(Json::parse(written([] { error("b"); }))["level"], "error");
}

TEST_F(Log, AWordThatIsNoLevelChangesNothing) {
    ASSERT_TRUE(set_level("warn"));
    for (auto const* const word : {"", "INFO", "trace", "warning", "off"})
        EXPECT_FALSE(set_level(word)) << word;
    EXPECT_EQ(written([] { info("a"); }), "");
    EXPECT_NE(written([] { warn("b"); }), "");
}

}  // namespace
}  // namespace sallyport::log
