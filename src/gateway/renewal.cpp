#include "gateway/renewal.hpp"

#include "gateway/back_off.hpp"

#include <algorithm>

namespace sallyport::gateway {

void Renewal::follow(std::vector<Renewable> const& renewables) {
    std::map<std::string, Item> next;
    for (auto const& renewable : renewables) {
        auto& item = next[renewable.file];
        if (auto const known = items_.find(renewable.file); known != items_.end())
            item = known->second;
        item.what = renewable;
    }
    items_ = std::move(next);
}

std::vector<Renewal::Transition> Renewal::look(pki::Time now) {
    std::vector<Transition> changes;
    for (auto& [file, item] : items_) {
        auto const state = renewal_state(item.what.life, item.what.due, now);
        if (item.state == state) continue;
        changes.push_back({file, item.state, state});
        item.state = state;
        if (state != RenewalState::fresh) continue;
        // Whoever made it fresh, the clock going back among them: history is over.
        item.failures = 0;
        item.next_try = {};
    }
    return changes;
}

std::vector<Renewable> Renewal::to_try(pki::Time now, Ticks ticks) {
    std::vector<Renewable> due;
    for (auto& [file, item] : items_) {
        bool const is_due =
            renewal_state(item.what.life, item.what.due, now) != RenewalState::fresh;
        if (!is_due || item.is_under_way || ticks < item.next_try) continue;
        item.is_under_way = true;
        due.push_back(item.what);
    }
    return due;
}

std::optional<std::chrono::milliseconds> Renewal::finished(std::string const& file, bool succeeded,
                                                           pki::Time now, Ticks ticks) {
    auto const found = items_.find(file);
    if (found == items_.end()) return std::nullopt;  // a reload took it away meanwhile
    auto& item = found->second;
    item.is_under_way = false;
    auto const& what = item.what;
    if (succeeded && renewal_state(what.life, what.due, now) == RenewalState::fresh) {
        ++item.renewed;
        return std::nullopt;
    }
    auto const pause = back_off(++item.failures, what.life.until - now, chance_());
    item.next_try = ticks + pause;
    return pause;
}

bool Renewal::is_under_way() const {
    return std::ranges::any_of(items_, [](auto const& item) { return item.second.is_under_way; });
}

std::vector<RenewalStatus> Renewal::status() const {
    std::vector<RenewalStatus> all;
    for (auto const& [file, item] : items_)
        all.push_back({file, item.state.value_or(RenewalState::fresh), item.what.due, item.failures,
                       item.renewed});
    return all;
}

std::chrono::milliseconds Renewal::look_interval() const {
    auto interval = slowest_look;
    for (auto const& [file, item] : items_)
        interval = std::min(interval, gateway::look_interval(item.what.life));
    return interval;
}

std::chrono::milliseconds look_interval(Life const& life) {
    constexpr int looks_per_life = 60;
    constexpr std::chrono::milliseconds fastest_look{200};
    std::chrono::milliseconds const whole = life.until - life.from;
    return std::clamp(whole / looks_per_life, fastest_look, Renewal::slowest_look);
}

}  // namespace sallyport::gateway
