// Which of the database's connections stands behind which of the ids that we greeted clients with,
// so that a KILL of ours kills the right query.
#pragma once

#include "wire/mysql/command_watch.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace sallyport::gateway {

class ConnectionIds {
 public:
    /// A new id: mysql::own_id_bit is set, the rest counts.
    std::uint32_t next();

    /// `server` names the database server that `theirs` is an id of.
    void add(std::uint32_t ours, std::string server, std::uint32_t theirs);
    void remove(std::uint32_t ours);
    /// The database's id, where `ours` is a live session on this very server.
    std::optional<std::uint32_t> find(std::uint32_t ours, std::string const& server) const;

 private:
    struct Entry {
        std::string server;
        std::uint32_t theirs;
    };

    mutable std::mutex mutex_;  ///< held for a look-up, once per login and per KILL
    std::unordered_map<std::uint32_t, Entry> entries_;
    std::uint32_t last_ = 0;
};

}  // namespace sallyport::gateway
