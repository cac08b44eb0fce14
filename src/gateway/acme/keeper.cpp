#include "gateway/acme/keeper.hpp"

#include "base/log.hpp"
#include "config/words.hpp"
#include "gateway/acme/lego.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <ctime>
#include <utility>

namespace sallyport::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

/// How often the due date is looked at, at least: by the wall clock, which may jump.
constexpr milliseconds longest_look{30'000};
/// So that a due date that has just passed, by a clock of another grain, makes no busy loop.
constexpr milliseconds shortest_look{20};
/// Twice a day is what CAs ask of clients that cannot succeed.
constexpr milliseconds longest_back_off{std::chrono::hours(12)};
/// Of what is left of the certificate's life at most this part is waited out at a time.
constexpr int tries_left = 4;
/// Clients are being turned away, but CAs count failures by the hour.
constexpr milliseconds longest_while_expired{std::chrono::hours(1)};
/// An attempt with 100 domains says some 700 lines; one that says more is out of its mind.
constexpr int most_lines = 2000;
constexpr std::size_t longest_complaint = 2048;

std::string as_text(system_clock::time_point time) {
    auto const whole = system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    std::string text(sizeof "2026-11-22T15:00:00Z" - 1, '\0');
    std::strftime(text.data(), text.size() + 1, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

std::string joined(std::vector<std::string> const& names) {
    std::string text;
    for (auto const& each : names) text += (text.empty() ? "" : ",") + each;
    return text;
}

}  // namespace

std::string_view name(AcmeKeeper::State state) {
    switch (state) {
        case AcmeKeeper::State::missing:
            return "missing";
        case AcmeKeeper::State::fresh:
            return "fresh";
        case AcmeKeeper::State::due:
            return "due";
        case AcmeKeeper::State::overdue:
            return "overdue";
        case AcmeKeeper::State::expired:
            return "expired";
    }
    return {};
}

std::shared_ptr<AcmeKeeper> AcmeKeeper::make(boost::asio::io_context& context, Reports reports) {
    return std::shared_ptr<AcmeKeeper>(new AcmeKeeper(context, std::move(reports)));
}

void AcmeKeeper::follow(std::optional<config::Acme> const& settings) {
    if (settings == settings_) return read_again();
    settings_ = settings;
    process_.reset();
    timer_.cancel();
    leaf_.reset();
    told_.reset();
    failures_ = 0;
    retry_at_ = {};
    store_.reset();
    if (!settings_) return reports_.stands(std::nullopt);
    store_.emplace(*settings_);
    missing_since_ = pki::current_time();
    if (auto const held = store_->read(); held && store_->covers(*held))
        leaf_ = held->chain.front();
    look();
}

void AcmeKeeper::read_again() {
    if (!settings_) return;
    auto const held = store_->read();
    if (held && store_->covers(*held)) {
        leaf_ = held->chain.front();
    } else if (leaf_ && leaf_->not_after() > system_clock::now()) {
        leaf_.reset();
        missing_since_ = pki::current_time();
    }
    // Else it has expired, and is known to have.
    look();
}

void AcmeKeeper::hurry() {
    if (!settings_ || process_) return;
    retry_at_ = {};
    look();
}

void AcmeKeeper::look() {
    if (process_) return;
    auto const now = state();
    if (told_ != now) {
        told_ = now;
        log::write(now >= State::overdue ? log::Level::error : log::Level::info, "ACME certificate",
                   {{"state", name(now)},
                    {"domains", joined(settings_->domains)},
                    {"not_after", leaf_ ? as_text(leaf_->not_after()) : ""},
                    {"next_attempt",
                     as_text(std::max<system_clock::time_point>(due_at(), system_clock::now()))}});
    }
    if (steady_clock::now() >= retry_at_ && system_clock::now() >= due_at()) attempt();
    reports_.stands(status());
    wait();
}

void AcmeKeeper::wait() {
    auto const until_due = std::chrono::duration_cast<milliseconds>(due_at() - system_clock::now());
    auto const until_retry =
        std::chrono::duration_cast<milliseconds>(retry_at_ - steady_clock::now());
    timer_.expires_after(std::clamp(std::max(until_due, until_retry), shortest_look, longest_look));
    // Held weakly: a cancelled timer may have its handler queued with success already.
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        auto const self = weak.lock();
        if (!error && self && self->settings_) self->look();
    });
}

void AcmeKeeper::attempt() {
    // A gateway that was killed between the CA's answer and the taking over has it here still.
    if (auto const left = store_->install()) return succeed(*left);
    auto const program = find_lego();
    if (!program) return fail(program.error().what(), program.error().hint);
    if (auto const prepared = store_->prepare(); !prepared)
        return fail(prepared.error().what(), prepared.error().hint);
    complaint_.clear();
    lines_ = 0;
    auto const weak = weak_from_this();
    auto started = Process::start(
        context_, lego_order(*program, *settings_, store_->work_directory()),
        [weak](std::string_view line) {
            if (auto const self = weak.lock()) self->take_line(line);
        },
        [weak](Process::Outcome outcome) {
            if (auto const self = weak.lock()) self->end(outcome);
        });
    if (!started)
        return fail(program->string() + ": cannot be started: " + started.error().message(),
                    "the limits on processes and open files may be too low");
    process_ = *started;
    log::info("asking for an ACME certificate", {{"directory_url", settings_->directory_url},
                                                 {"domains", joined(settings_->domains)},
                                                 {"challenge", config::word(settings_->challenge)},
                                                 {"address", settings_->address.to_string()}});
}

void AcmeKeeper::take_line(std::string_view line) {
    auto const text = without_time(line);
    bool const is_information = text.starts_with("[INFO]");
    // A line without a time goes on with the one before.
    if (text.size() != line.size()) complaint_.clear();
    if (!is_information && complaint_.size() < longest_complaint) {
        auto const start = std::min(text.find_first_not_of(" \t"), text.size());
        complaint_ += (complaint_.empty() ? "" : " ") + std::string(text.substr(start));
    }
    if (++lines_ > most_lines) return;
    // What makes an attempt fail is said again, as an error, at its end.
    log::write(text.starts_with("[WARN]") ? log::Level::warn : log::Level::info, "lego",
               {{"line", text}});
}

void AcmeKeeper::end(Process::Outcome outcome) {
    process_.reset();
    if (auto const kept = store_->keep_account(); !kept)
        log::error("ACME account is not kept",
                   {{"reason", kept.error().what()}, {"hint", kept.error().hint}});
    if (outcome.is_timed_out) {
        fail("lego did not end within " + std::to_string(settings_->timeout.count()) + " ms",
             "its last lines in this log say what it waited for; timeout in [acme] sets the limit");
    } else if (outcome.status != 0) {
        if (is_unknown_account(complaint_)) store_->forget_account();
        fail(complaint_.empty() ? "lego ended with " + std::to_string(outcome.status) : complaint_,
             hint_for(complaint_, *settings_));
    } else if (auto const installed = store_->install()) {
        succeed(*installed);
    } else {
        fail(installed.error().what(), installed.error().hint);
    }
    look();
}

void AcmeKeeper::succeed(pki::Credential const& credential) {
    leaf_ = credential.chain.front();
    failures_ = 0;
    ++obtained_;
    // Whatever its dates say: a CA whose certificates live for seconds is not asked without end.
    retry_at_ = steady_clock::now() + seconds(1);
    told_.reset();
    log::info("ACME certificate obtained", {{"file", store_->certificate_file().string()},
                                            {"subject", leaf_->subject()},
                                            {"names", joined(leaf_->names())},
                                            {"issuer", leaf_->issuer()},
                                            {"not_after", as_text(leaf_->not_after())}});
    have_it_served();
}

/// The watch would see the file too, but reads the configuration again with it, which somebody may
/// be half way through editing.
void AcmeKeeper::have_it_served() {
    // Posted: it follows anew, and what has led here may be following still.
    boost::asio::post(context_, [weak = weak_from_this()] {
        auto const self = weak.lock();
        if (!self || !self->settings_ || self->reports_.obtained()) return;
        log::error("ACME certificate is not served",
                   {{"file", self->store_->certificate_file().string()},
                    {"hint",
                     "the line \"reload failed\" before says why; once that is repaired, it "
                     "is served at the next reload"}});
    });
}

void AcmeKeeper::fail(std::string const& reason, std::string const& hint) {
    ++failures_;
    auto const pause = back_off();
    retry_at_ = steady_clock::now() + pause;
    told_ = state();
    log::error("ACME attempt failed", {{"reason", reason},
                                       {"hint", hint},
                                       {"state", name(*told_)},
                                       {"failures", failures_},
                                       {"next_attempt", as_text(system_clock::now() + pause)}});
}

milliseconds AcmeKeeper::back_off() {
    auto pause = settings_->retry_interval;
    for (int i = 1; i < failures_ && pause < longest_back_off; ++i) pause *= 2;
    pause = std::min(pause, std::max(longest_back_off, settings_->retry_interval));
    if (leaf_) {
        auto const left =
            std::chrono::duration_cast<milliseconds>(leaf_->not_after() - system_clock::now());
        auto const patience = left.count() > 0 ? left / tries_left : longest_while_expired;
        pause = std::min(pause, std::max(patience, settings_->retry_interval));
    }
    // Gateways that failed together, as when their CA was down, must not come back together.
    return std::chrono::duration_cast<milliseconds>(
        pause * std::uniform_real_distribution<double>(0.8, 1.2)(random_));
}

pki::Time AcmeKeeper::due_at() const {
    if (!leaf_) return {};
    return leaf_->not_before() + (leaf_->not_after() - leaf_->not_before()) * 2 / 3;
}

AcmeKeeper::State AcmeKeeper::state() const {
    if (!leaf_) return State::missing;
    auto const now = system_clock::now();
    auto const life = leaf_->not_after() - leaf_->not_before();
    if (now >= leaf_->not_after()) return State::expired;
    if (now >= leaf_->not_before() + life * 5 / 6) return State::overdue;
    return now >= due_at() ? State::due : State::fresh;
}

std::optional<RenewalStatus> AcmeKeeper::status() const {
    if (!settings_) return std::nullopt;
    auto const as_renewal = [this](State state) {
        switch (state) {
            // The first attempt may well succeed; after that, somebody must look.
            case State::missing:
                return failures_ == 0 ? RenewalState::due : RenewalState::overdue;
            case State::fresh:
                return RenewalState::fresh;
            case State::due:
                return RenewalState::due;
            case State::overdue:
                return RenewalState::overdue;
            case State::expired:
                break;
        }
        return RenewalState::expired;
    };
    return RenewalStatus{store_->certificate_file().string(),
                         as_renewal(state()),
                         leaf_ ? due_at() : missing_since_,
                         static_cast<unsigned>(failures_),
                         obtained_,
                         leaf_ ? leaf_->fingerprint() : std::string()};
}

}  // namespace sallyport::gateway
