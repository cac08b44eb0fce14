// The whole story of one connection: lead a client from the door to its database, relay until a
// side leaves, write one line about it. Names the steps; holds no bytes and no OpenSSL calls.
#pragma once

#include "gateway/back_leg.hpp"
#include "gateway/connection_ids.hpp"
#include "gateway/deadline.hpp"
#include "gateway/front_leg.hpp"
#include "gateway/relay.hpp"
#include "gateway/session_record.hpp"
#include "gateway/world.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace sallyport::gateway {

/// What a session borrows from the process and its worker; outlives every session.
struct Surroundings {
    tls::Poller& poller;
    MutableBytes scratch;
    ConnectionIds& ids;
    std::function<void()> request_reload;
};

/// A connection as the listener hands it over.
struct Arrival {
    int descriptor;
    std::shared_ptr<World const> world;
    std::shared_ptr<Door const> door;
    bool is_one_too_many;  ///< max-connections is reached: to be told so
};

class Session final : private RelayEvents {
 public:
    Session(Surroundings const& surroundings, Arrival const& arrival);
    ~Session();

    /// From the greeting to the end. Throws nothing but what is a bug.
    tls::Task<> run();
    /// What the log is to say of it; complete when run() is over.
    SessionRecord const& record() const { return record_; }
    /// Ends the session from outside: the gateway is stopping.
    void cut();

 private:
    // How often a session looks whether the backend's first health check is over.
    static constexpr std::chrono::milliseconds first_check_poll{20};

    tls::Task<Result<void>> open();
    tls::Task<> await_first_check();
    tls::Task<Result<void>> open_with_own_greeting();
    tls::Task<Result<void>> open_with_backend_greeting();
    tls::Task<> turn_away(error_code why);
    tls::Task<> relay();
    bool has_account_rules() const;
    Result<void> judge_account(std::string const& user) const;
    void remember_front();
    void remember_relay();
    void add_hint();
    void tell(Ending const& ending, std::uint8_t sequence);
    void hang_up();

    void on_login() override;
    void on_unanswered() override;
    Result<void> on_change_user(std::string user) override;
    void on_reload() override;

    Surroundings const& surroundings_;
    std::shared_ptr<World const> world_;
    std::shared_ptr<Door const> door_;
    SessionRecord record_;
    FrontLeg front_;
    BackLeg back_;
    std::optional<Deadline> login_clock_;
    std::optional<Relay> relay_;
    std::uint8_t answer_sequence_ = 0;  ///< of the packet that answers the client's login
    Leg active_ = Leg::front;           ///< the leg whose step is under way
    bool is_one_too_many_;
    bool is_cut_ = false;
};

}  // namespace sallyport::gateway
