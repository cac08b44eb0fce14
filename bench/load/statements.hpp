// Which statement comes when. Both are drawn in advance from a generator that is seeded by the
// connection's number, so that every peer is asked the same things at the same times.
#pragma once

#include "options.hpp"
#include "report.hpp"

#include <random>
#include <string>

namespace load {

class Statements {
 public:
    Statements(Options const& options, std::size_t connection)
        : options_(options),
          generator_(static_cast<std::minstd_rand::result_type>(connection + 1)),
          row_(1, options.rows) {}

    /// The next statement; each "{}" of it is the same random row number.
    std::string next();

 private:
    Options const& options_;
    std::minstd_rand generator_;
    std::uniform_int_distribution<int> row_;
    std::uint64_t count_ = 0;
};

/// An open loop: each connection has one slot after the other, all of the same length, and sends at
/// a random point of a slot's first half. So connections meet each other at random, but none has to
/// send while it still waits for an answer, unless that took half a slot.
class Timetable {
 public:
    Timetable(Options const& options, std::size_t connection, Clock::time_point started);

    Clock::time_point next();

 private:
    std::minstd_rand generator_;
    Clock::duration slot_;
    Clock::time_point next_slot_;
};

}  // namespace load
