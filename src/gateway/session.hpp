// The whole story of one connection: lead a client from the door to its database, relay until a
// side leaves, write one line about it. Names the steps; holds no bytes and no OpenSSL calls. How a
// connection opens, and what a client is told, is its protocol's (mysql/session, postgres/session).
#pragma once

#include "gateway/back_leg.hpp"
#include "gateway/front_leg.hpp"
#include "gateway/relay.hpp"
#include "gateway/revocations.hpp"
#include "gateway/session_record.hpp"
#include "gateway/world.hpp"
#include "net/deadline.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace sallyport::gateway {

class ConnectionIds;
class CancelKeys;

/// What a session borrows from the process and its worker; outlives every session.
struct Surroundings {
    net::Loop& loop;
    MutableBytes scratch;
    ConnectionIds& ids;
    CancelKeys& cancel_keys;
    std::function<void()> request_reload;
    std::shared_ptr<Revocations const> revocations;  ///< null: no session ends by them
};

/// A connection as the listener hands it over.
struct Arrival {
    int descriptor;
    std::shared_ptr<World const> world;
    std::shared_ptr<Door const> door;
    bool is_one_too_many;  ///< max-connections is reached: to be told so
};

class Session : protected RelayEvents {
 public:
    /// A session of the protocol that the door speaks.
    static std::unique_ptr<Session> make(Surroundings const& surroundings, Arrival const& arrival);
    virtual ~Session() = default;

    /// From the first byte to the end. Throws nothing but what is a bug.
    net::Task<> run();
    /// What the log is to say of it; complete when run() is over.
    SessionRecord const& record() const { return record_; }
    /// Ends the session from outside: the gateway is stopping.
    void cut();
    /// Ends the session where the lists of its surroundings say so.
    void end_if_revoked();

 protected:
    Session(Surroundings const& surroundings, Arrival const& arrival);

    /// From the first byte until the relay can take over. Sets active_ to the leg whose step is
    /// under way.
    virtual net::Task<Result<void>> open() = 0;
    /// What the relay is to look at. Called once, after open(), whose secrets and memory may go.
    virtual std::unique_ptr<RelayWatch> watch() = 0;
    /// What the client is told of this ending, as one message; nothing where the connection is
    /// simply closed: the client is gone, or TLS itself has told it with an alert.
    virtual std::optional<Buffer> refusal(Ending const& ending) = 0;

    /// Right after a start or reload, the backend's first health check may still be under way.
    net::Task<> await_first_check();
    bool has_account_rules() const;
    Result<void> judge_account(std::string const& user) const;
    Surroundings const& surroundings() const { return surroundings_; }
    World const& world() const { return *world_; }
    Door const& door() const { return *door_; }
    bool is_one_too_many() const { return is_one_too_many_; }
    bool is_hung_up() const { return front_.stream().socket().hung_up(); }
    std::uint64_t bytes_out() const { return relay_ ? relay_->bytes_out() : 0; }

 private:
    // How often a session looks whether the backend's first health check is over.
    static constexpr std::chrono::milliseconds first_check_poll{20};

    Surroundings const& surroundings_;
    std::shared_ptr<World const> world_;
    std::shared_ptr<Door const> door_;

 protected:
    SessionRecord record_;
    FrontLeg front_;
    BackLeg back_;
    Leg active_ = Leg::front;

 private:
    net::Task<> turn_away(error_code why);
    /// No coroutine: its frame would live as long as the session.
    void start_relay();
    void remember_front();
    void forget_peers();
    void remember_relay();
    void add_hint();
    void tell(Ending const& ending);
    void hang_up();

    void on_login() override;
    void on_fault(Ending const& ending) override { tell(ending); }

    std::unique_ptr<RelayWatch> watch_;           ///< before relay_, which uses it
    std::unique_ptr<net::Deadline> login_clock_;  ///< none once logged in
    std::optional<Relay> relay_;
    bool is_one_too_many_;
    bool is_cut_ = false;
};

}  // namespace sallyport::gateway
