// A clock acts when it runs out, and never after it is gone.
#include "net/deadline.hpp"

#include "support/loop.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace sallyport::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(Deadline, ActsWhenItRunsOut) {
    test::Loop loop;
    int acted = 0;
    Deadline const deadline(*loop, milliseconds(1), [&] { ++acted; });
    EXPECT_FALSE(deadline.expired());
    loop.until([&] { return deadline.expired(); });
    EXPECT_EQ(acted, 1);
}

TEST(Deadline, DoesNotActBeforeThat) {
    test::Loop loop;
    bool acted = false;
    Deadline const deadline(*loop, hours(1), [&] { acted = true; });
    loop.settle();
    EXPECT_FALSE(acted);
    EXPECT_FALSE(deadline.expired());
}

TEST(Deadline, DoesNotActOnceItIsDestroyed) {
    test::Loop loop;
    bool acted = false;
    {
        Deadline const deadline(*loop, milliseconds(1), [&] { acted = true; });
    }
    // A later clock of the same context runs out after it would have.
    Deadline const later(*loop, milliseconds(2), [] {});
    loop.until([&] { return later.expired(); });
    EXPECT_FALSE(acted);
}

TEST(Deadline, DoesNotActWhereItsHandlerWasQueuedAlready) {
    test::Loop loop;
    bool acted = false;
    std::optional<Deadline> second;
    // Both run out at once; the first one's action destroys the second, whose handler is queued.
    Deadline const first(*loop, milliseconds(0), [&] { second.reset(); });
    second.emplace(*loop, milliseconds(0), [&] { acted = true; });
    loop.until([&] { return first.expired(); });
    loop.settle();
    EXPECT_FALSE(acted);
}

TEST(Deadline, MayBeDestroyedByItsOwnAction) {
    test::Loop loop;
    bool acted = false;
    std::optional<Deadline> deadline;
    deadline.emplace(*loop, milliseconds(0), [&] {
        deadline.reset();
        acted = true;
    });
    loop.until([&] { return acted; });
}

}  // namespace
}  // namespace sallyport::net
