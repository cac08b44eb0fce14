// The vocabulary of failures: each code has a name and a sentence that no other has.
#include "base/errc.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace sallyport {
namespace {

/// The enumerators of Errc as the header writes them, in their order; they count from 1.
std::vector<std::string> enumerators() {
    std::ifstream header(SALLYPORT_SOURCE_DIR "/src/base/errc.hpp");
    std::vector<std::string> names;
    std::string line;
    while (std::getline(header, line) && line != "enum class Errc {") continue;
    while (std::getline(header, line) && line != "};") {
        auto const begin = line.find_first_not_of(' ');
        if (begin == std::string::npos || line[begin] == '/') continue;
        names.push_back(line.substr(begin, line.find_first_of(" ,", begin) - begin));
    }
    return names;
}

Errc code_at(std::size_t index) {
    return static_cast<Errc>(index + 1);
}

TEST(Errc, EveryEnumeratorIsCalledByItsOwnName) {
    auto const names = enumerators();
    ASSERT_EQ(names.size(), static_cast<std::size_t>(Errc::address_in_use));
    for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(name(code_at(i)), names[i]);
}

TEST(Errc, EveryEnumeratorHasASentenceOfItsOwn) {
    std::set<std::string_view> sentences;
    for (std::size_t i = 0; i < enumerators().size(); ++i) {
        auto const sentence = describe(code_at(i));
        EXPECT_FALSE(sentence.empty()) << name(code_at(i));
        EXPECT_NE(sentence, "unknown error") << name(code_at(i));
        EXPECT_TRUE(sentences.insert(sentence).second) << sentence;
    }
}

TEST(Errc, NoSentenceEndsInAFullStop) {
    for (std::size_t i = 0; i < enumerators().size(); ++i)
        EXPECT_NE(describe(code_at(i)).back(), '.') << name(code_at(i));
}

TEST(Errc, ANumberThatIsNoCodeIsUnknown) {
    EXPECT_EQ(name(static_cast<Errc>(0)), "unknown");
    EXPECT_EQ(name(code_at(enumerators().size())), "unknown");
    EXPECT_EQ(describe(static_cast<Errc>(-1)), "unknown error");
}

TEST(Errc, AnErrorCodeSaysTheSentence) {
    error_code const code = Errc::timed_out;
    EXPECT_EQ(code.message(), describe(Errc::timed_out));
    EXPECT_STREQ(code.category().name(), "sallyport");
    EXPECT_TRUE(code.failed());
}

TEST(Errc, AnErrorCodeComparesWithItsEnumeratorOnly) {
    error_code const code = Errc::network;
    EXPECT_TRUE(code == Errc::network);
    EXPECT_FALSE(code == Errc::timed_out);
    error_code const other(static_cast<int>(Errc::network), boost::system::system_category());
    EXPECT_FALSE(other == Errc::network);
}

TEST(Errc, AResultCarriesTheCode) {
    Result<int> const failed = Errc::too_large;
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error(), Errc::too_large);
}

TEST(Errc, LegsAreCalledFrontAndBack) {
    EXPECT_EQ(name(Leg::front), "front");
    EXPECT_EQ(name(Leg::back), "back");
}

TEST(Errc, EveryStageHasANameOfItsOwn) {
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(Stage::drain); ++i) {
        auto const stage = name(static_cast<Stage>(i));
        EXPECT_NE(stage, "unknown");
        EXPECT_TRUE(names.insert(stage).second) << stage;
    }
    EXPECT_EQ(name(static_cast<Stage>(static_cast<int>(Stage::drain) + 1)), "unknown");
}

}  // namespace
}  // namespace sallyport
