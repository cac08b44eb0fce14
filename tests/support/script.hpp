// A small language for testing dialogues (wire/step.hpp). A test writes down what passes, in order:
//
//     Script{}.expect_write(greeting).give(ssl_request).expect_start_tls().give(login)
//         .expect_done().run(opening);
//
// and its twin, replay_with_faults, plays the same again with the peer's bytes ending, falling
// short and changed at every place there is.
#pragma once

#include "base/bytes.hpp"
#include "wire/step.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::test {

/// Bytes written in hexadecimal; blanks between them are for the reader.
inline Buffer hex(std::string_view digits) {
    Buffer bytes;
    std::string pair;
    for (char const digit : digits) {
        if (digit == ' ' || digit == '\n') continue;
        pair += digit;
        if (pair.size() < 2) continue;
        bytes.push_back(static_cast<std::byte>(std::stoul(pair, nullptr, 16)));
        pair.clear();
    }
    return bytes;
}

inline Buffer operator+(Buffer left, Buffer const& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

class Script {
 public:
    /// The dialogue writes exactly these bytes.
    Script& expect_write(Buffer bytes) { return add(wire::Ask::write, std::move(bytes)); }
    /// The dialogue reads all of these bytes, in as many reads as it likes, and none beyond them.
    Script& give(Buffer bytes) { return add(wire::Ask::read, std::move(bytes)); }
    Script& expect_start_tls() { return add(wire::Ask::start_tls, {}); }
    Script& expect_done() { return add(wire::Ask::done, {}); }
    Script& expect_fail(Errc why) {
        add(wire::Ask::fail, {});
        why_ = why;
        return *this;
    }

    template <class Dialogue>
    Script& run(Dialogue&& dialogue) {
        auto step = dialogue.resume({});
        for (std::size_t i = 0; i < lines_.size() && !testing::Test::HasFatalFailure(); ++i) {
            SCOPED_TRACE("line " + std::to_string(i + 1) + " of the script");
            play(lines_[i], dialogue, step);
        }
        return *this;
    }

    /// `make` gives a fresh dialogue. Whatever the peer does, the dialogue neither crashes nor goes
    /// on for ever, and input that falls short of what was asked for is a failure.
    template <class Make>
    void replay_with_faults(Make make) const {
        auto const input = all_input();
        for (std::size_t end = 0; end < input.size(); ++end) {
            SCOPED_TRACE("the peer's bytes end after " + std::to_string(end));
            auto dialogue = make();
            auto const stopped = drive(dialogue, Bytes(input).first(end));
            ASSERT_EQ(stopped.step.ask, wire::Ask::read);
            ASSERT_EQ(dialogue.resume(copy(stopped.rest)).ask, wire::Ask::fail);
        }
        constexpr std::array garblings{std::byte{0xff}, std::byte{0x80}, std::byte{0x01}};
        for (std::size_t at = 0; at < input.size(); ++at) {
            for (auto const garbling : garblings) {
                SCOPED_TRACE("the peer's byte " + std::to_string(at) + " is changed");
                auto garbled = input;
                garbled[at] ^= garbling;
                auto dialogue = make();
                drive(dialogue, garbled);
            }
        }
    }

 private:
    struct Line {
        wire::Ask ask;
        Buffer bytes;
    };
    struct Stop {
        wire::Step step;
        Bytes rest;
    };

    Script& add(wire::Ask ask, Buffer bytes) {
        lines_.push_back({ask, std::move(bytes)});
        return *this;
    }

    // Reads get a buffer of their own, so that the address sanitizer sees any byte read too far and
    // any span that is kept too long.
    static Buffer copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

    template <class Dialogue>
    void play(Line const& line, Dialogue& dialogue, wire::Step& step) {
        if (line.ask != wire::Ask::read) {
            ASSERT_EQ(step.ask, line.ask) << describe(step.why);
            if (step.ask == wire::Ask::write) {
                ASSERT_EQ(copy(step.bytes), line.bytes);
            }
            if (step.ask == wire::Ask::fail) {
                ASSERT_EQ(step.why, why_) << describe(step.why);
            }
            if (step.ask == wire::Ask::write || step.ask == wire::Ask::start_tls)
                step = dialogue.resume({});
            return;
        }
        for (Bytes rest = line.bytes; !rest.empty(); rest = rest.subspan(step_size_)) {
            ASSERT_EQ(step.ask, wire::Ask::read) << describe(step.why);
            ASSERT_GT(step.size, 0U);
            ASSERT_LE(step.size, rest.size()) << "reads beyond what is given";
            step_size_ = step.size;
            step = dialogue.resume(copy(rest.first(step_size_)));
        }
    }

    /// Answers every step until the dialogue ends or wants more than is left.
    template <class Dialogue>
    static Stop drive(Dialogue& dialogue, Bytes input) {
        auto step = dialogue.resume({});
        // No opening takes more steps than this, so one that does would never end.
        constexpr int most_steps = 100;
        for (int i = 0; i < most_steps; ++i) {
            bool const ended = step.ask == wire::Ask::done || step.ask == wire::Ask::fail;
            bool const starved = step.ask == wire::Ask::read && step.size > input.size();
            if (ended || starved) return {step, input};
            auto const size = step.ask == wire::Ask::read ? step.size : 0;
            step = dialogue.resume(copy(input.first(size)));
            input = input.subspan(size);
        }
        ADD_FAILURE() << "the dialogue does not end";
        return {step, input};
    }

    Buffer all_input() const {
        Buffer input;
        for (auto const& line : lines_)
            if (line.ask == wire::Ask::read) input = std::move(input) + line.bytes;
        return input;
    }

    std::vector<Line> lines_;
    std::size_t step_size_ = 0;
    Errc why_{};
};

}  // namespace sallyport::test
