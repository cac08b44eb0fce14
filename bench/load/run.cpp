#include "run.hpp"

#include "fault.hpp"
#include "statements.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace load {

namespace {

/// A second's worth of latencies at more than any one connection does, so that a thread hardly ever
/// allocates while it is counted.
constexpr std::size_t usual_latencies = 100'000;

void wait_until(Clock::time_point at) {
    auto const since_boot = at.time_since_epoch();
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
    timespec const time{.tv_sec = seconds.count(), .tv_nsec = (since_boot - seconds).count()};
    // steady_clock is CLOCK_MONOTONIC; no signal handler is there to interrupt it.
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

void wait_for_end_of_input() {
    char ignored = 0;
    while (::read(STDIN_FILENO, &ignored, 1) > 0) {
    }
}

}  // namespace

Run::Run(Options options)
    : options_(std::move(options)),
      dialect_(options_.is_mysql ? make_mysql() : make_postgres()),
      context_(make_context(options_.credentials)),
      ready_(options_.connections),
      resting_(options_.connections) {}

void Run::measure() {
    Tallies tallies(static_cast<std::size_t>(options_.connections));
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < tallies.size(); ++i)
        threads.emplace_back([this, i, &tally = tallies[i]] { work(i, tally); });
    ready_.wait();
    if (options_.mode == Mode::idle) {
        resting_.wait();
        tell("open");
    } else {
        std::this_thread::sleep_for(std::chrono::duration<double>(options_.warm_up));
        stage_ = Stage::counting;
        auto const begin = mark(tallies, options_.pid);
        tell("begin");
        std::this_thread::sleep_for(std::chrono::duration<double>(options_.seconds));
        auto const end = mark(tallies, options_.pid);
        stage_ = Stage::over;
        tell_end(begin, end);
        resting_.wait();
        tell_latencies(tallies);
    }
    wait_for_end_of_input();
    leaving_.count_down();
}

std::unique_ptr<Channel> Run::open(Ticket* ticket) const {
    auto channel = std::make_unique<Channel>(options_.port);
    dialect_->ask_for_tls(*channel);
    channel->secure(*context_, ticket);
    dialect_->log_in(*channel, options_.account);
    return channel;
}

void Run::close(Channel& channel) const {
    dialect_->say_goodbye(channel);
}

void Run::work(std::size_t thread, Tally& tally) {
    tally.latencies.reserve(usual_latencies);
    switch (options_.mode) {
        case Mode::connects:
            return connect_over_and_over(tally);
        case Mode::queries:
        case Mode::bulk:
            return query_over_and_over(thread, tally);
        case Mode::idle:
            return sit_idle(thread);
    }
}

void Run::rest() {
    resting_.count_down();
    leaving_.wait();
}

void Run::connect_over_and_over(Tally& tally) {
    ready_.count_down();
    Ticket ticket;
    while (stage() != Stage::over) {
        auto const since = Clock::now();
        auto const channel = open(options_.resumes ? &ticket : nullptr);
        dialect_->query(*channel, options_.query);
        close(*channel);
        if (count(tally, since, 1) && channel->is_resumed()) ++tally.resumed;
    }
    rest();
}

void Run::query_over_and_over(std::size_t thread, Tally& tally) {
    auto const channel = open(nullptr);
    bool const is_bulk = options_.mode == Mode::bulk;
    if (is_bulk) channel->count_in(tally.units);
    // All are open before any begins, and the timetables begin together.
    ready_.count_down();
    ready_.wait();
    Statements statements(options_, thread);
    std::optional<Timetable> timetable;
    if (options_.rate > 0) timetable.emplace(options_, thread, Clock::now());
    while (stage() != Stage::over) {
        std::string const sql = statements.next();
        auto since = Clock::now();
        if (timetable) {
            since = timetable->next();
            wait_until(since);
        }
        dialect_->query(*channel, sql);
        // From when it should have been sent: an answer that came late delays the next one, and
        // that counts as well.
        count(tally, since, is_bulk ? 0 : 1);
    }
    rest();
    close(*channel);
}

void Run::sit_idle(std::size_t thread) {
    ready_.count_down();
    auto const sessions = static_cast<std::size_t>(options_.sessions);
    auto const threads = static_cast<std::size_t>(options_.connections);
    std::vector<std::unique_ptr<Channel>> channels((sessions + threads - 1 - thread) / threads);
    for (auto& channel : channels) channel = open(nullptr);
    for (auto const& channel : channels) dialect_->query(*channel, options_.query);
    rest();
    for (auto const& channel : channels) close(*channel);
}

bool Run::count(Tally& tally, Clock::time_point since, std::uint64_t units) const {
    tally.units.fetch_add(units, std::memory_order_relaxed);
    if (stage() != Stage::counting) return false;
    auto const taken =
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - since).count();
    // What does not fit, 4.3 seconds, is as bad as can be.
    auto const most = static_cast<std::int64_t>(UINT32_MAX);
    tally.latencies.push_back(static_cast<std::uint32_t>(std::clamp<std::int64_t>(taken, 0, most)));
    return true;
}

}  // namespace load
