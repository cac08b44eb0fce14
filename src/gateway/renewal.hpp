// Which of the certificates that we renew ourselves are due, and when to try again. Knows no clock,
// no file and no thread: upkeep.cpp gives it all three.
//
// Due dates are compared with the wall clock, which may jump; pauses between attempts are measured
// by the steady one, which does not.
#pragma once

#include "base/errc.hpp"
#include "gateway/life.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {

/// A certificate that is ours to renew.
struct Renewable {
    std::string file;  ///< its certificate file (or directory): names it everywhere
    Life life;
    pki::Time due;  ///< when its renewal is to begin
    /// Renews it on disk, unless another process has done so already. May take seconds, and is
    /// called on any thread.
    std::function<Result<void>()> renew;
};

struct RenewalStatus {
    std::string file;
    RenewalState state = RenewalState::fresh;
    pki::Time due;
    unsigned failures = 0;      ///< attempts since the last success
    std::uint64_t renewed = 0;  ///< successes since the start of the gateway
    std::string fingerprint{};  ///< of the certificate; empty: of those that are renewed here

    /// It is renewed in time, as far as one can know: it has failed in nothing yet.
    bool is_in_hand() const { return state <= RenewalState::due && failures == 0; }
};

class Renewal {
 public:
    using Ticks = std::chrono::steady_clock::time_point;
    /// How often the wall clock is looked at, at least: it may jump.
    static constexpr std::chrono::milliseconds slowest_look{30'000};

    /// `chance` gives random numbers from 0 to 1.
    explicit Renewal(std::function<double()> chance) : chance_(std::move(chance)) {}

    /// What is served now. A certificate that was there before keeps its history.
    void follow(std::vector<Renewable> const& renewables);

    struct Transition {
        std::string file;
        std::optional<RenewalState> from;  ///< none: it was not there before
        RenewalState to;
    };
    /// Judges each certificate anew; gives what has changed since the last look.
    std::vector<Transition> look(pki::Time now);
    /// Those to be tried now. None twice before finished() has said how it went.
    std::vector<Renewable> to_try(pki::Time now, Ticks ticks);
    /// How an attempt went, follow() with what it brought included. A success that leaves the
    /// certificate due all the same is a failure. Gives the pause until the next attempt; none
    /// where it is not due any more.
    std::optional<std::chrono::milliseconds> finished(std::string const& file, bool succeeded,
                                                      pki::Time now, Ticks ticks);

    bool is_under_way() const;  ///< whether some attempt is
    std::vector<RenewalStatus> status() const;
    /// When to look again: as the shortest life wants it.
    std::chrono::milliseconds look_interval() const;

 private:
    struct Item {
        Renewable what;
        std::optional<RenewalState> state;  ///< as of the last look
        unsigned failures = 0;
        std::uint64_t renewed = 0;
        Ticks next_try{};
        bool is_under_way = false;
    };

    std::function<double()> chance_;
    std::map<std::string, Item> items_;  ///< by file
};

/// How often to look at a life: sixty times, but not more often than five times a second, nor less
/// than Renewal::slowest_look.
std::chrono::milliseconds look_interval(Life const& life);

}  // namespace sallyport::gateway
