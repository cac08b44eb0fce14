// Health checks: keep what is known of the backends fresh. A check connects, reads the greeting,
// does TLS as ssl-mode says and logs in, because a server counts connections that are dropped
// before login and in the end shuts out the host they come from. An account named health-user with
// no password and no rights keeps its log quiet; without one, "access denied" is an answer too.
#pragma once

#include "gateway/health_check.hpp"
#include "gateway/world.hpp"
#include "net/loop.hpp"

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace sallyport::gateway {

class Health {
 public:
    /// How often it is looked whether a check is due; an address that is down is checked at each.
    static constexpr std::chrono::milliseconds interval{1'000};

    /// `strict_changed` is called when a scan for mirror = "strict" found other ciphers than
    /// before.
    Health(net::Loop& loop, std::function<void()> strict_changed);
    ~Health();

    /// Checks the backends of this World from now on, those that nothing is known of at once.
    void follow(std::shared_ptr<World const> world);
    void stop();
    /// No check is under way; after stop() none will be.
    bool is_idle() const { return under_way_.empty(); }

 private:
    using TargetPtr = std::shared_ptr<Target const>;

    void wait();
    void check_due();
    void start_check(TargetPtr const& target, std::size_t index);
    bool is_due(Target const& target, std::size_t index) const;
    static bool needs_scan(Target const& target, std::size_t index);
    net::Task<> check(TargetPtr target, std::size_t index);
    net::Task<Result<void>> probe(Target const& target, std::size_t index, Endpoint const& endpoint,
                                  std::string& why);
    /// Tries each cipher of the default policy alone, one connection each.
    net::Task<> scan(Target const& target, std::size_t index, Endpoint const& endpoint);
    net::Task<std::vector<Endpoint>> look_up(config::Address address, std::string& why);
    std::chrono::milliseconds limit() const { return world_->config().limits.dial_timeout; }

    net::Loop& loop_;
    std::optional<net::Deadline> tick_;
    boost::asio::thread_pool resolver_{1};  ///< getaddrinfo blocks, for seconds if it must
    std::function<void()> strict_changed_;
    std::shared_ptr<World const> world_;
    std::set<std::pair<Backend const*, std::size_t>> under_way_;
    std::set<HealthCheck*> connections_;  ///< hung up by stop()
    bool is_stopped_ = false;
};

}  // namespace sallyport::gateway
