// How a MySQL connection opens (DESIGN section 4): the greeting is ours or the backend's, the login
// is taken, judged, and sent on.
#pragma once

#include "gateway/mysql/watch.hpp"
#include "gateway/session.hpp"

#include <cstdint>
#include <memory>

namespace sallyport::gateway {

class MysqlSession final : public Session, private MysqlEvents {
 public:
    MysqlSession(Surroundings const& surroundings, Arrival const& arrival);
    ~MysqlSession() override;

 private:
    struct Opening;

    net::Task<Result<void>> open() override;
    std::unique_ptr<RelayWatch> watch() override;
    std::optional<Buffer> refusal(Ending const& ending) override;

    net::Task<Result<void>> open_with_own_greeting();
    net::Task<Result<void>> open_with_backend_greeting();
    net::Task<Result<void>> open_front(mysql::Greeting greeting);
    Result<void> on_change_user(std::string user) override;
    void on_reload() override;

    std::unique_ptr<Opening> opening_;  ///< what is needed until the relay begins: secrets, memory
    std::uint8_t answer_sequence_ = 0;  ///< of the packet that answers the client's login
};

}  // namespace sallyport::gateway
