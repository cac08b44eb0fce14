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

#include <algorithm>
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
    /// The dialogue peeks at this byte and leaves it. Only for one that is not given next: giving
    /// answers peeks by itself.
    Script& expect_peek(std::byte next) { return add(wire::Ask::peek, {next}); }
    /// The dialogue glances at what waits: nothing.
    Script& expect_glance() { return add(wire::Ask::glance, {}); }
    /// The dialogue glances at what waits: something that begins so.
    Script& expect_glance(std::byte waiting) { return add(wire::Ask::glance, {waiting}); }
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
    /// on for ever; input that falls short of what was asked for is a failure, and so are bytes
    /// that wait where it glances.
    template <class Make>
    void replay_with_faults(Make make) const {
        auto const input = all_input();
        for (std::size_t end = 0; end < input.size(); ++end) {
            SCOPED_TRACE("the peer's bytes end after " + std::to_string(end));
            auto dialogue = make();
            auto const stopped = drive(dialogue, Bytes(input).first(end));
            ASSERT_TRUE(takes_input(stopped.step.ask));
            ASSERT_EQ(dialogue.resume(copy(stopped.rest)).ask, wire::Ask::fail);
        }
        for (std::size_t glance = 1; glance <= count(wire::Ask::glance); ++glance) {
            SCOPED_TRACE("something waits at glance " + std::to_string(glance));
            auto dialogue = make();
            ASSERT_EQ(drive(dialogue, input, glance).step.ask, wire::Ask::fail);
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

    static bool takes_input(wire::Ask ask) {
        return ask == wire::Ask::read || ask == wire::Ask::peek;
    }

    template <class Dialogue>
    void play(Line const& line, Dialogue& dialogue, wire::Step& step) {
        if (line.ask == wire::Ask::read) {
            give(line.bytes, dialogue, step);
            return;
        }
        ASSERT_EQ(step.ask, line.ask) << describe(step.why);
        if (step.ask == wire::Ask::fail) {
            ASSERT_EQ(step.why, why_) << describe(step.why);
        }
        if (step.ask == wire::Ask::fail || step.ask == wire::Ask::done) return;
        if (step.ask == wire::Ask::write) {
            ASSERT_EQ(copy(step.bytes), line.bytes);
        }
        bool const is_answered = step.ask == wire::Ask::peek || step.ask == wire::Ask::glance;
        step = dialogue.resume(is_answered ? copy(line.bytes) : Buffer());
    }

    template <class Dialogue>
    void give(Bytes rest, Dialogue& dialogue, wire::Step& step) {
        while (!rest.empty()) {
            ASSERT_TRUE(takes_input(step.ask)) << describe(step.why);
            ASSERT_GT(step.size, 0U);
            ASSERT_LE(step.size, rest.size()) << "reads beyond what is given";
            auto const size = step.size;
            bool const is_taken = step.ask == wire::Ask::read;
            step = dialogue.resume(copy(rest.first(size)));
            if (is_taken) rest = rest.subspan(size);
        }
    }

    /// Answers every step until the dialogue ends or wants more than is left. Nothing waits at its
    /// glances but at the one with this number, the first being 1.
    template <class Dialogue>
    static Stop drive(Dialogue& dialogue, Bytes input, std::size_t waits_at_glance = 0) {
        auto step = dialogue.resume({});
        std::size_t glances = 0;
        bool is_peeked = false;
        // No opening takes more steps than this, so one that does would never end.
        constexpr int most_steps = 100;
        for (int i = 0; i < most_steps; ++i) {
            bool const ended = step.ask == wire::Ask::done || step.ask == wire::Ask::fail;
            bool const starved = takes_input(step.ask) && step.size > input.size();
            if (ended || starved) return {step, input};
            auto size = takes_input(step.ask) ? step.size : 0;
            bool const waits = step.ask == wire::Ask::glance && ++glances == waits_at_glance;
            auto const asked = step.ask;
            step = dialogue.resume(waits ? Buffer{std::byte{0}} : copy(input.first(size)));
            // What was peeked at and then not read is the first byte of TLS.
            if (asked == wire::Ask::peek) size = 0;
            if (asked == wire::Ask::start_tls && is_peeked) size = 1;
            is_peeked = asked == wire::Ask::peek;
            input = input.subspan(size);
        }
        ADD_FAILURE() << "the dialogue does not end";
        return {step, input};
    }

    /// What a peer sends through the whole script, and what it begins TLS with where that is seen.
    Buffer all_input() const {
        Buffer input;
        for (auto const& line : lines_)
            if (takes_input(line.ask)) input = std::move(input) + line.bytes;
        return input;
    }

    std::size_t count(wire::Ask ask) const {
        return static_cast<std::size_t>(std::count_if(
            lines_.begin(), lines_.end(), [&](Line const& line) { return line.ask == ask; }));
    }

    std::vector<Line> lines_;
    Errc why_{};
};

}  // namespace sallyport::test
