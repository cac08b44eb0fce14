// How a PostgreSQL connection opens (DESIGN section 5): TLS in one of its ways, the StartupMessage,
// and as much of the authentication as cannot be relayed; or a CancelRequest, and that was all.
#pragma once

#include "gateway/postgres/dialogue.hpp"
#include "gateway/session.hpp"
#include "wire/postgres/login_watch.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace sallyport::gateway {

class PostgresSession final : public Session {
 public:
    PostgresSession(Surroundings const& surroundings, Arrival const& arrival);
    ~PostgresSession() override;

 private:
    struct Opening;

    net::Task<Result<void>> open() override;
    std::unique_ptr<RelayWatch> watch() override;
    std::optional<Buffer> refusal(Ending const& ending) override;

    net::Task<Result<void>> open_front();
    net::Task<Result<void>> open_back();
    net::Task<Result<void>> ask_database(PostgresDialogue& dialogue, bool is_urgent);
    net::Task<Result<void>> authenticate();
    Result<void> judge_names() const;
    std::string account() const;
    net::Task<> take_cancel(postgres::CancelKey const& key);
    void replace_key(postgres::CancelKey const& real, MutableBytes secret);

    std::unique_ptr<Opening> opening_;  ///< what is needed until the relay begins: secrets, memory
    std::uint64_t cancel_id_ = 0;       ///< of our entries in CancelKeys; 0: none yet
};

}  // namespace sallyport::gateway
