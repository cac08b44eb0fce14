#include "statements.hpp"

namespace load {

namespace {

/// One statement in ten is the other one.
constexpr std::uint64_t tenth = 10;

}  // namespace

std::string Statements::next() {
    bool const is_tenth = ++count_ % tenth == 0 && !options_.every_tenth.empty();
    std::string sql = is_tenth ? options_.every_tenth : options_.query;
    std::string const row = std::to_string(row_(generator_));
    for (auto at = sql.find("{}"); at != std::string::npos; at = sql.find("{}", at + row.size()))
        sql.replace(at, 2, row);
    return sql;
}

Timetable::Timetable(Options const& options, std::size_t connection, Clock::time_point started)
    : generator_(static_cast<std::minstd_rand::result_type>(connection + 1)),
      slot_(std::chrono::duration_cast<Clock::duration>(
          std::chrono::duration<double>(options.connections / options.rate))),
      // The slots of the connections begin one after the other.
      next_slot_(started + slot_ * static_cast<int>(connection) / options.connections) {}

Clock::time_point Timetable::next() {
    std::uniform_int_distribution<Clock::rep> jitter(0, slot_.count() / 2);
    auto const at = next_slot_ + Clock::duration(jitter(generator_));
    next_slot_ += slot_;
    return at;
}

}  // namespace load
