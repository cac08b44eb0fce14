// The gateway as a whole: listeners, workers, health checks, reload, and a graceful end.
//
// The main thread accepts, checks, reloads and waits; the workers carry the sessions. The only
// thing they share is the World, which never changes.
#pragma once

#include "config/config.hpp"
#include "gateway/acme/keeper.hpp"
#include "gateway/addresses.hpp"
#include "gateway/attendant.hpp"
#include "gateway/control.hpp"
#include "gateway/health.hpp"
#include "gateway/placing.hpp"
#include "gateway/upkeep.hpp"
#include "gateway/watch.hpp"
#include "gateway/worker.hpp"
#include "gateway/world.hpp"
#include "net/epoll_loop.hpp"
#include "net/nested.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace sallyport::gateway {

class Server {
 public:
    /// Reads the configuration file again, for a reload. The loader lives in the command.
    using LoadConfig = std::function<Checked<config::Config>()>;

    /// Builds the World, binds the listeners, starts the workers, and whatever `make_attendant`
    /// makes. Nothing is half-started: on a Fault everything is undone.
    static Checked<std::unique_ptr<Server>> start(config::Config config, LoadConfig load,
                                                  MakeAttendant make_attendant = {});
    ~Server();

    /// Serves until SIGTERM or SIGINT (or stop()), then drains; SIGHUP reloads. Returns when the
    /// last session has ended.
    void run();
    /// As SIGTERM. Safe from any thread.
    void stop();

 private:
    // Connections over max-connections that are still told so, or may cancel a query; those beyond
    // are closed unheard. Each holds its place for connect-timeout at most.
    static constexpr std::size_t told_too_many = 100;

    Server(config::Config const& config, LoadConfig load);

    Checked<void> open(config::Config config, MakeAttendant const& make_attendant);
    Checked<std::unique_ptr<Attendant>> attend(MakeAttendant const& make, World const& world);
    /// Builds the next World and swaps it in; empty for done, else why the old one stays.
    std::string reload();
    /// The same, asked for by a person, who may have repaired what ACME failed at.
    std::string reload_on_request();
    /// The same with the configuration in force, whatever its file says by now: for what has been
    /// renewed. True for done.
    bool rebuild();
    std::string settle(Checked<void> const& applied);
    Checked<void> apply(config::Config config);
    Checked<std::vector<std::shared_ptr<Listener>>> bind_new(World const& next);
    void swap_listeners(std::vector<std::shared_ptr<Listener>> added);
    void accept(config::Address const& address, int descriptor);
    void await_signals();
    void begin_drain();
    void await_sessions();
    void finish();
    std::size_t sessions() const;

    boost::asio::io_context context_{1};
    net::EpollLoop loop_;  ///< of health checks
    net::Nested nested_{context_, loop_};
    LoadConfig load_;
    Estate estate_;
    Registries registries_;
    std::shared_ptr<World const> world_;
    std::vector<std::unique_ptr<Worker>> workers_;
    Placing placing_;
    Addresses addresses_{context_};
    std::vector<std::shared_ptr<Listener>> listeners_;  ///< those of the doors
    std::shared_ptr<Control> control_;
    std::unique_ptr<Health> health_;
    std::shared_ptr<Watch> watch_;
    std::shared_ptr<AcmeKeeper> acme_;
    std::shared_ptr<Upkeep> upkeep_;
    std::unique_ptr<Attendant> attendant_;  ///< null: none was asked for
    boost::asio::signal_set signals_;
    boost::asio::steady_timer drain_;
    std::chrono::steady_clock::time_point drain_end_{};
    bool is_draining_ = false;
    bool is_cutting_ = false;
};

}  // namespace sallyport::gateway
