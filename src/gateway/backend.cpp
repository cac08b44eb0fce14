#include "gateway/backend.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace sallyport::gateway {
namespace {

void keep_common(std::vector<std::string>& names, std::vector<std::string> const& others) {
    std::erase_if(names, [&](std::string const& name) {
        return std::find(others.begin(), others.end(), name) == others.end();
    });
}

}  // namespace

Backend::Backend(std::string name, std::vector<config::Address> addresses)
    : name_(std::move(name)), addresses_(std::move(addresses)), states_(addresses_.size()) {}

std::vector<Backend::Candidate> Backend::candidates() const {
    std::lock_guard const lock(mutex_);
    std::vector<Candidate> order;
    for (bool const want_down : {false, true})
        for (std::size_t i = 0; i < states_.size(); ++i)
            if ((states_[i].health == Health::down) == want_down)
                order.push_back({i, addresses_[i], states_[i].endpoints});
    return order;
}

void Backend::learned(std::size_t index, Facts const& facts) {
    Health before{};
    {
        std::lock_guard const lock(mutex_);
        State& state = states_.at(index);
        state.greeting = facts.greeting;
        state.learned_at = Clock::now();
        before = std::exchange(state.health, Health::up);
    }
    if (before != Health::up)
        log::info("backend is up", {{"backend", name_},
                                    {"address", addresses_[index].to_string()},
                                    {"version", facts.version}});
}

void Backend::failed(std::size_t index, std::string const& reason) {
    Health before{};
    {
        std::lock_guard const lock(mutex_);
        before = std::exchange(states_.at(index).health, Health::down);
        states_.at(index).trouble = reason;
    }
    if (before != Health::down)
        log::warn(
            "backend is down",
            {{"backend", name_}, {"address", addresses_[index].to_string()}, {"reason", reason}});
}

void Backend::resolved(std::size_t index, std::vector<Endpoint> endpoints) {
    std::lock_guard const lock(mutex_);
    states_.at(index).endpoints = std::move(endpoints);
}

void Backend::showed(std::size_t index, std::vector<pki::Certificate> chain) {
    std::lock_guard const lock(mutex_);
    // Released outside of the lock, where it was the last of its kind.
    states_.at(index).shown.swap(chain);
}

std::vector<std::vector<pki::Certificate>> Backend::shown() const {
    std::lock_guard const lock(mutex_);
    std::vector<std::vector<pki::Certificate>> all;
    for (State const& state : states_)
        if (!state.shown.empty()) all.push_back(state.shown);
    return all;
}

Backend::Health Backend::health(std::size_t index) const {
    std::lock_guard const lock(mutex_);
    return states_.at(index).health;
}

Clock::time_point Backend::last_learned(std::size_t index) const {
    std::lock_guard const lock(mutex_);
    return states_.at(index).learned_at;
}

std::optional<mysql::Greeting> Backend::greeting() const {
    std::lock_guard const lock(mutex_);
    std::optional<mysql::Greeting> greeting;
    for (State const& state : states_) {
        if (!state.greeting) continue;
        if (!greeting) {
            greeting = state.greeting;
            continue;
        }
        greeting->capabilities &= state.greeting->capabilities;
        greeting->extended &= state.greeting->extended;
    }
    return greeting;
}

bool Backend::was_reached() const {
    std::lock_guard const lock(mutex_);
    return std::any_of(states_.begin(), states_.end(),
                       [](State const& state) { return state.learned_at != Clock::time_point{}; });
}

bool Backend::was_tried() const {
    std::lock_guard const lock(mutex_);
    return std::none_of(states_.begin(), states_.end(),
                        [](State const& state) { return state.health == Health::unknown; });
}

std::string Backend::trouble() const {
    std::lock_guard const lock(mutex_);
    for (State const& state : states_)
        if (state.health == Health::down) return state.trouble;
    return {};
}

bool Backend::refuses(std::string const& version, std::string const& cipher) const {
    std::lock_guard const lock(mutex_);
    return std::any_of(refusals_.begin(), refusals_.end(), [&](Refusal const& refusal) {
        return refusal.version == version && refusal.cipher == cipher &&
               Clock::now() - refusal.at < refusal_memory;
    });
}

void Backend::refused(std::string const& version, std::string const& cipher) {
    std::lock_guard const lock(mutex_);
    std::erase_if(refusals_, [&](Refusal const& refusal) {
        return refusal.version == version && refusal.cipher == cipher;
    });
    refusals_.push_back({version, cipher, Clock::now()});
}

std::optional<Backend::Accepted> Backend::accepted() const {
    std::lock_guard const lock(mutex_);
    return accepted_by_all();
}

std::optional<Backend::Accepted> Backend::accepted_by_all() const {
    std::optional<Accepted> common;
    for (State const& state : states_) {
        if (!state.accepted) continue;
        if (!common) {
            common = state.accepted;
            continue;
        }
        keep_common(common->tls12, state.accepted->tls12);
        keep_common(common->tls13, state.accepted->tls13);
    }
    return common;
}

bool Backend::was_scanned(std::size_t index) const {
    std::lock_guard const lock(mutex_);
    return states_.at(index).accepted.has_value();
}

bool Backend::set_accepted(std::size_t index, Accepted accepted) {
    std::lock_guard const lock(mutex_);
    auto const before = accepted_by_all();
    states_.at(index).accepted = std::move(accepted);
    return accepted_by_all() != before;
}

}  // namespace sallyport::gateway
