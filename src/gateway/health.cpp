#include "gateway/health.hpp"

#include "base/log.hpp"
#include "net/wakeup.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace sallyport::gateway {

Health::Health(net::Loop& loop, std::function<void()> strict_changed)
    : loop_(loop), strict_changed_(std::move(strict_changed)) {}

Health::~Health() {
    resolver_.join();
}

void Health::follow(std::shared_ptr<World const> world) {
    bool const is_first = world_ == nullptr;
    world_ = std::move(world);
    check_due();
    if (is_first) wait();
}

void Health::stop() {
    is_stopped_ = true;
    tick_.reset();
    for (HealthCheck* const connection : connections_) connection->hang_up();
}

void Health::wait() {
    tick_.emplace(loop_, interval, [this] {
        check_due();
        wait();
    });
}

void Health::check_due() {
    for (auto const& target : world_->targets())
        for (std::size_t i = 0; i < target->settings.addresses.size(); ++i)
            if (is_due(*target, i)) start_check(target, i);
}

void Health::start_check(TargetPtr const& target, std::size_t index) {
    std::pair const address(target->backend.get(), index);
    if (!under_way_.insert(address).second) return;
    auto finished = [this, address](std::exception_ptr const& error) {
        under_way_.erase(address);
        if (error) log::error("health check failed", {{"backend", address.first->name()}});
    };
    boost::asio::co_spawn(loop_.executor(), check(target, index), std::move(finished));
}

bool Health::is_due(Target const& target, std::size_t index) const {
    auto const& backend = *target.backend;
    if (backend.health(index) != Backend::Health::up) return true;
    return needs_scan(target, index) ||
           Clock::now() - backend.last_learned(index) >= target.settings.health_interval;
}

/// What a database accepts may change whenever it was away.
bool Health::needs_scan(Target const& target, std::size_t index) {
    bool const is_known =
        target.backend->was_scanned(index) && target.backend->health(index) == Backend::Health::up;
    return target.settings.mirror == config::MirrorMode::strict && target.tls && !is_known;
}

net::Task<> Health::check(TargetPtr target, std::size_t index) {
    std::string why = "no address";
    auto const endpoints = co_await look_up(target->settings.addresses[index], why);
    target->backend->resolved(index, endpoints);
    bool is_up = false;
    for (Endpoint const& endpoint : endpoints) {
        if (is_stopped_) break;
        auto const probed = co_await probe(*target, index, endpoint, why);
        is_up = probed.has_value();
        if (is_up) break;
    }
    if (!is_up && !is_stopped_) target->backend->failed(index, why);
}

net::Task<Result<void>> Health::probe(Target const& target, std::size_t index,
                                      Endpoint const& endpoint, std::string& why) {
    HealthCheck connection(loop_, target, index, limit());
    connections_.insert(&connection);
    auto outcome = co_await connection.greet(endpoint);
    if (outcome) outcome = co_await connection.log_in();
    connections_.erase(&connection);
    if (!outcome) {
        why = connection.why();
        co_return outcome;
    }
    // Before sessions can see that the address is up: the door must offer by then what the
    // database behind it takes.
    if (needs_scan(target, index)) co_await scan(target, index, endpoint);
    target.backend->learned(index, connection.facts());
    co_return outcome;
}

net::Task<> Health::scan(Target const& target, std::size_t index, Endpoint const& endpoint) {
    auto const policy = tls::intermediate(tls::Version::tls_1_0);
    Backend::Accepted accepted;
    for (bool const is_tls13 : {true, false}) {
        auto const names = is_tls13 ? tls::ciphersuite_names(policy) : tls::cipher_names(policy);
        auto& list = is_tls13 ? accepted.tls13 : accepted.tls12;
        for (auto const& cipher : names) {
            HealthCheck connection(loop_, target, index, limit());
            connections_.insert(&connection);
            auto const greeted = co_await connection.greet(endpoint);
            bool const is_taken =
                greeted && co_await connection.accepts(is_tls13 ? "TLSv1.3" : "TLSv1.2", cipher);
            connections_.erase(&connection);
            if (is_taken) list.push_back(cipher);
        }
    }
    if (target.backend->set_accepted(index, std::move(accepted))) strict_changed_();
}

net::Task<std::vector<Endpoint>> Health::look_up(config::Address address, std::string& why) {
    struct Answer {
        std::vector<Endpoint> endpoints;
        std::string why;
    };
    auto const answer = std::make_shared<Answer>();
    auto const wakeup = std::make_shared<net::Wakeup>(loop_);
    auto ask = [answer, wakeup, address, &loop = loop_] {
        auto const found = resolve(address, answer->why);
        if (found) answer->endpoints = *found;
        loop.post(net::Job([wakeup] { wakeup->wake(); }));
    };
    // The answer's post can run only after this coroutine sleeps: both are on this thread.
    boost::asio::post(resolver_, std::move(ask));
    co_await wakeup->sleep();
    if (answer->endpoints.empty()) why = answer->why;
    co_return std::move(answer->endpoints);
}

}  // namespace sallyport::gateway
