#include "gateway/upkeep.hpp"

#include "base/log.hpp"
#include "base/times.hpp"
#include "gateway/sightings.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <random>

namespace sallyport::gateway {
namespace {

double random_chance() {
    static thread_local std::minstd_rand engine{std::random_device()()};
    return std::uniform_real_distribution<double>(0, 1)(engine);
}

log::Level level_of(RenewalState state) {
    switch (state) {
        case RenewalState::fresh:
        case RenewalState::due:
            return log::Level::info;
        case RenewalState::overdue:
            return log::Level::warn;
        case RenewalState::expired:
            break;
    }
    return log::Level::error;
}

void tell(Renewal::Transition const& transition) {
    // A start with everything in order is no news.
    if (!transition.from && transition.to == RenewalState::fresh) return;
    std::array const fields{
        log::Field("file", transition.file), log::Field("state", name(transition.to)),
        log::Field("before", transition.from ? name(*transition.from) : std::string_view())};
    log::write(level_of(transition.to), "certificate renewal state", fields.data(), fields.size());
}

void tell(ExpiryWatch::Alert const& alert, pki::Time now) {
    bool const is_over = alert.remaining == Remaining::nothing;
    auto const& what = alert.what;
    // A field is a view: its text must outlive it.
    auto const not_after = utc_text(what.life.until);
    std::array const fields{
        log::Field("role", name(what.role)),
        log::Field("place", what.place),
        log::Field("subject", what.subject),
        log::Field("serial", what.serial),
        log::Field("not_after", not_after),
        log::Field("remaining", alert.remaining == Remaining::third   ? "1/3"
                                : alert.remaining == Remaining::tenth ? "1/10"
                                                                      : "0"),
        log::Field("ttl_s", (what.life.until - now).count()),
    };
    log::write(is_over ? log::Level::error : log::Level::warn,
               is_over ? "certificate has expired" : "certificate nears its end", fields.data(),
               fields.size());
}

std::string reason_of(error_code const& failure) {
    if (failure == Errc::would_block) return "another process is at work in its directory";
    return failure.message();
}

/// A bug in an attempt must not end the gateway: it is a failed attempt.
Result<void> guarded(Renewable const& renewable) {
    try {
        return renewable.renew();
    } catch (std::exception const& error) {
        log::error("certificate renewal failed unexpectedly",
                   {{"file", renewable.file}, {"reason", error.what()}});
        return Errc::file_invalid;
    }
}

}  // namespace

Upkeep::Clocks Upkeep::system_clocks() {
    return {pki::current_time, std::chrono::steady_clock::now};
}

std::shared_ptr<Upkeep> Upkeep::start(boost::asio::io_context& context,
                                      std::function<bool()> renewed, Clocks clocks) {
    return std::shared_ptr<Upkeep>(new Upkeep(context, std::move(renewed), std::move(clocks)));
}

Upkeep::Upkeep(boost::asio::io_context& context, std::function<bool()> renewed, Clocks clocks)
    : context_(context),
      renewed_(std::move(renewed)),
      clocks_(std::move(clocks)),
      timer_(context),
      renewal_(random_chance) {}

Upkeep::~Upkeep() {
    attempts_.join();
}

void Upkeep::follow(std::shared_ptr<World const> world) {
    renewal_.follow(world->renewables());
    {
        std::lock_guard const lock(mutex_);
        world_ = std::move(world);
    }
    look();
    wait();
}

void Upkeep::stop() {
    is_stopped_ = true;
    timer_.cancel();
}

void Upkeep::follow_acme(std::optional<RenewalStatus> const& status) {
    std::lock_guard const lock(mutex_);
    acme_ = status;
}

CertificateReport Upkeep::report() const {
    std::unique_lock lock(mutex_);
    auto const world = world_;
    auto status = status_;
    if (acme_) status.push_back(*acme_);
    lock.unlock();
    if (!world) return {};
    return {sightings_of(*world, clocks_.wall()), std::move(status)};
}

void Upkeep::wait() {
    timer_.expires_after(std::min(renewal_.look_interval(), expiry_interval_));
    timer_.async_wait([weak = weak_from_this()](error_code error) {
        auto const self = weak.lock();
        if (error || !self || self->is_stopped_) return;
        self->look();
        self->wait();
    });
}

void Upkeep::look() {
    look_at_states();
    auto const due = renewal_.to_try(clocks_.wall(), clocks_.steady());
    for (auto const& renewable : due) attempt(renewable);
    // What is renewed when a third is left gets its chance before anybody is alarmed: finished()
    // looks, or the next look does.
    if (!renewal_.is_under_way()) look_for_expiry();
}

void Upkeep::look_at_states() {
    for (auto const& transition : renewal_.look(clocks_.wall())) tell(transition);
    auto status = renewal_.status();
    std::lock_guard const lock(mutex_);
    status_ = std::move(status);
}

void Upkeep::look_for_expiry() {
    auto const now = clocks_.wall();
    auto const in_sight = sightings_of(*world_, now);
    // What [acme] renews gets its chance, too: an attempt with a CA takes longer than one here.
    auto const acme = acme_.value_or(RenewalStatus());
    auto const in_hand = acme.is_in_hand() ? acme.fingerprint : std::string();
    for (auto const& alert : watch_.look(in_sight, now, in_hand)) tell(alert, now);
    expiry_interval_ = Renewal::slowest_look;
    for (auto const& sighting : in_sight)
        expiry_interval_ = std::min(expiry_interval_, look_interval(sighting.life));
}

void Upkeep::attempt(Renewable const& renewable) {
    auto report = [weak = weak_from_this(), file = renewable.file](Result<void> const& outcome) {
        if (auto const self = weak.lock()) self->finished(file, outcome);
    };
    boost::asio::post(attempts_, [&context = context_, renewable, report = std::move(report)] {
        boost::asio::post(context, [report, outcome = guarded(renewable)] { report(outcome); });
    });
}

void Upkeep::finished(std::string const& file, Result<void> const& outcome) {
    if (is_stopped_) return;
    // What was renewed on disk is served only once a whole World has been built of it.
    bool const succeeded = outcome && renewed_();
    auto const pause = renewal_.finished(file, succeeded, clocks_.wall(), clocks_.steady());
    std::string reason = succeeded ? "it is due all the same" : "what it became cannot be served";
    if (!outcome) reason = reason_of(outcome.error());
    if (pause)
        log::error("certificate could not be renewed",
                   {{"file", file},
                    {"reason", reason},
                    {"next_attempt_s", std::chrono::duration<double>(*pause).count()}});
    else
        log::info("certificate renewed", {{"file", file}});
    look_at_states();
    look_for_expiry();
}

}  // namespace sallyport::gateway
