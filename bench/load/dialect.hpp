// What the load client says to a database: the least that gets it logged in and answered.
#pragma once

#include "channel.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace load {

/// An account that needs no password; what it needs else is the database's affair.
struct Account {
    std::string user;
    std::string database;
};

class Dialect {
 public:
    virtual ~Dialect() = default;

    /// Up to the agreement that TLS comes next.
    virtual void ask_for_tls(Channel& channel) const = 0;
    /// From the first byte inside TLS to the database's readiness.
    virtual void log_in(Channel& channel, Account const& account) const = 0;
    /// One statement, and its whole answer; an error ends the program with the database's words.
    virtual void query(Channel& channel, std::string_view sql) const = 0;
    virtual void say_goodbye(Channel& channel) const = 0;
};

std::unique_ptr<Dialect> make_mysql();
std::unique_ptr<Dialect> make_postgres();

}  // namespace load
