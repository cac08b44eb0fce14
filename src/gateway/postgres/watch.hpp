// What is looked at in a PostgreSQL session that is relayed: the login, until ReadyForQuery; later
// only whether the client's last word was Terminate.
#pragma once

#include "gateway/relay_watch.hpp"
#include "wire/postgres/login_watch.hpp"

namespace sallyport::gateway {

class PostgresWatch final : public RelayWatch {
 public:
    explicit PostgresWatch(postgres::LoginWatch login) : login_(std::move(login)) {}

    Result<std::size_t> from_front(MutableBytes chunk) override;
    Result<std::size_t> from_back(MutableBytes chunk) override;
    bool logged_in() const override;
    Leg awaited() const override;
    std::optional<Ending> verdict() const override;
    std::string refusal_text() const override;

 private:
    postgres::LoginWatch login_;
    bool quit_ = false;  ///< the client's last bytes were a Terminate
};

}  // namespace sallyport::gateway
