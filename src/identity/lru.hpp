// A bounded map that forgets what was not asked for the longest.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace sallyport::identity {

template <class Value>
class Lru {
 public:
    using Item = std::pair<std::string, Value>;

    explicit Lru(std::size_t limit) : limit_(limit) {}

    std::size_t size() const { return items_.size(); }
    /// The most recently used first.
    std::list<Item> const& items() const { return items_; }

    /// Null where the key is not there; else its value, which now is the most recently used.
    Value* find(std::string const& key) {
        auto const found = index_.find(key);
        if (found == index_.end()) return nullptr;
        items_.splice(items_.begin(), items_, found->second);
        return &found->second->second;
    }

    /// The same, without counting as a use.
    Value const* peek(std::string const& key) const {
        auto const found = index_.find(key);
        return found == index_.end() ? nullptr : &found->second->second;
    }

    /// Sets the value of a key, which now is the most recently used. Gives back what had to go.
    std::optional<Item> put(std::string const& key, Value value) {
        if (auto* const present = find(key)) {
            *present = std::move(value);
            return std::nullopt;
        }
        items_.emplace_front(key, std::move(value));
        index_.emplace(key, items_.begin());
        if (items_.size() <= limit_) return std::nullopt;

        Item oldest = std::move(items_.back());
        index_.erase(oldest.first);
        items_.pop_back();
        return oldest;
    }

    /// A key that is not there is no error.
    void erase(std::string const& key) {
        auto const found = index_.find(key);
        if (found == index_.end()) return;
        items_.erase(found->second);
        index_.erase(found);
    }

 private:
    std::size_t limit_;
    std::list<Item> items_;  // most recently used first
    std::unordered_map<std::string, typename std::list<Item>::iterator> index_;
};

}  // namespace sallyport::identity
