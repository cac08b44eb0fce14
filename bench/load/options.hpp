// What the load client is told: which load, on whom, for how long.
#pragma once

#include "channel.hpp"
#include "dialect.hpp"

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace load {

enum class Mode {
    connects,  // a new session for every unit: open, one query, goodbye
    queries,   // lasting sessions; as fast as answers come, or at a rate
    bulk,      // lasting sessions; the unit is a byte of the answers
    idle,      // sessions that are opened, used once, and then left alone
};

struct Options {
    Mode mode{};
    bool is_mysql = true;
    std::uint16_t port = 0;
    Credentials credentials;
    Account account;
    /// Threads; in all modes but `idle` also the number of sessions at one time.
    int connections = 1;
    int sessions = 0;      ///< idle: how many in all
    bool resumes = false;  ///< connects: by the ticket of the connection before
    double warm_up = 1;    ///< seconds that are not counted
    double seconds = 1;    ///< seconds that are
    pid_t pid = 0;         ///< whose CPU time is reported; 0: nobody's
    double rate = 0;       ///< queries: per second, all connections together; 0: no limit
    int rows = 1;          ///< "{}" in a statement becomes a number from 1 to this
    std::string query = "SELECT 1";
    std::string every_tenth;  ///< queries: the statement of every tenth, where there is one
};

/// Ends the program with 2 and the usage where `words` are not understood.
Options read_options(int count, char** words);

}  // namespace load
