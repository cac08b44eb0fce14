#include "gateway/mysql/connection_ids.hpp"

#include <utility>

namespace sallyport::gateway {

std::uint32_t ConnectionIds::next() {
    std::lock_guard const lock(mutex_);
    // Thirty bits go round after a thousand million connections: live ones are passed over.
    do {
        last_ = (last_ + 1) & (mysql::own_id_bit - 1);
    } while (entries_.contains(last_ | mysql::own_id_bit));
    return last_ | mysql::own_id_bit;
}

void ConnectionIds::add(std::uint32_t ours, std::string server, std::uint32_t theirs) {
    std::lock_guard const lock(mutex_);
    entries_.insert_or_assign(ours, Entry{std::move(server), theirs});
}

void ConnectionIds::remove(std::uint32_t ours) {
    std::lock_guard const lock(mutex_);
    entries_.erase(ours);
}

std::optional<std::uint32_t> ConnectionIds::find(std::uint32_t ours,
                                                 std::string const& server) const {
    std::lock_guard const lock(mutex_);
    auto const found = entries_.find(ours);
    if (found == entries_.end() || found->second.server != server) return std::nullopt;
    return found->second.theirs;
}

}  // namespace sallyport::gateway
