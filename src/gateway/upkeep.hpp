// Keeps the certificates of a running gateway: renews what is ours (renewal.hpp), and says what
// nears its end (expiry_watch.hpp). The wiring of both to the clocks, the files and the log.
//
// The wall clock is looked at regularly, not slept by: it may jump, and what it says now decides.
// Renewals work on a thread of their own: an RSA key takes a while, a lock may be held, and the
// main thread has clients to accept.
#pragma once

#include "gateway/attendant.hpp"
#include "gateway/world.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace sallyport::gateway {

class Upkeep : public std::enable_shared_from_this<Upkeep> {
 public:
    struct Clocks {
        std::function<pki::Time()> wall;
        std::function<Renewal::Ticks()> steady;
    };
    static Clocks system_clocks();

    /// `renewed` is called on the main thread when files were renewed: it builds the World anew and
    /// calls follow(); true where that went well. Nothing is called once the object is gone.
    static std::shared_ptr<Upkeep> start(boost::asio::io_context& context,
                                         std::function<bool()> renewed,
                                         Clocks clocks = system_clocks());
    ~Upkeep();

    /// Cares for this World from now on, and looks at once.
    void follow(std::shared_ptr<World const> world);
    /// Looks and attempts no more: the gateway is stopping. The destructor waits for an attempt
    /// that is under way.
    void stop();
    /// The certificate of [acme], which is renewed elsewhere, belongs into the report too.
    void follow_acme(std::optional<RenewalStatus> const& status);
    /// Safe from any thread.
    CertificateReport report() const;

 private:
    Upkeep(boost::asio::io_context& context, std::function<bool()> renewed, Clocks clocks);
    // Handlers hold it weakly: a timer that has fired, or an attempt that has ended, may have its
    // handler queued when a drain begins. Nobody is there then to arm the timer anew.
    void wait();
    void look();
    void look_at_states();
    void look_for_expiry();
    void attempt(Renewable const& renewable);
    void finished(std::string const& file, Result<void> const& outcome);

    boost::asio::io_context& context_;
    std::function<bool()> renewed_;
    Clocks clocks_;
    boost::asio::steady_timer timer_;
    bool is_stopped_ = false;
    Renewal renewal_;
    ExpiryWatch watch_;
    std::chrono::milliseconds expiry_interval_ = Renewal::slowest_look;
    mutable std::mutex mutex_;  ///< over the next three, which report() reads
    std::shared_ptr<World const> world_;
    std::vector<RenewalStatus> status_;
    std::optional<RenewalStatus> acme_;
    boost::asio::thread_pool attempts_{1};  ///< last: its thread is joined before the rest goes
};

}  // namespace sallyport::gateway
