// What is looked at in a MySQL session that is relayed: the login until the database has decided,
// then the headers of the client's commands (KILL, COM_CHANGE_USER, COM_QUIT, RELOAD).
#pragma once

#include "gateway/relay_watch.hpp"
#include "wire/mysql/command_watch.hpp"
#include "wire/mysql/login_watch.hpp"

namespace sallyport::gateway {

/// What the watch tells its session.
class MysqlEvents {
 public:
    /// The client asks to become another user; an error ends the session before the database hears
    /// of it.
    virtual Result<void> on_change_user(std::string user) = 0;
    /// The database said OK to ALTER INSTANCE RELOAD TLS or FLUSH SSL.
    virtual void on_reload() = 0;

 protected:
    ~MysqlEvents() = default;
};

class MysqlWatch final : public RelayWatch {
 public:
    MysqlWatch(mysql::LoginWatch login, mysql::CommandWatch commands, MysqlEvents& events)
        : login_(std::move(login)), commands_(std::move(commands)), events_(events) {}

    Result<std::size_t> from_front(MutableBytes chunk) override;
    Result<std::size_t> from_back(MutableBytes chunk) override;
    bool logged_in() const override;
    std::optional<Ending> verdict() const override;
    std::string refusal_text() const override;

 private:
    mysql::LoginWatch login_;
    mysql::CommandWatch commands_;
    MysqlEvents& events_;
};

}  // namespace sallyport::gateway
