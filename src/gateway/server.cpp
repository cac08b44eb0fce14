#include "gateway/server.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "gateway/acme/lego.hpp"
#include "gateway/door_log.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <csignal>
#include <thread>
#include <unistd.h>
#include <utility>

namespace sallyport::gateway {
namespace {

/// How often a drain looks whether the last session has gone.
constexpr std::chrono::milliseconds drain_check{20};

unsigned worker_count(config::Config const& config) {
    return config.workers != 0 ? config.workers : std::max(1U, std::thread::hardware_concurrency());
}

Checked<net::IoMethod> choose_io_method(config::Config const& config) {
    if (config.io_method == config::IoMethod::epoll) return net::IoMethod::epoll;
    auto const obstacle = net::why_no_io_uring();
    if (obstacle.empty()) return net::IoMethod::io_uring;
    if (config.io_method == config::IoMethod::automatic) return net::IoMethod::epoll;
    return Fault{Errc::file_invalid, config.source,
                 "io-method = \"io_uring\": this system does not offer it: " + obstacle,
                 "io_uring needs Linux 6.1 and kernel.io_uring_disabled = 0, and containers often "
                 "forbid it; \"auto\" takes epoll where it must"};
}

}  // namespace

Checked<std::unique_ptr<Server>> Server::start(config::Config config, LoadConfig load,
                                               MakeAttendant make_attendant) {
    std::unique_ptr<Server> server(new Server(config, std::move(load)));
    if (auto const opened = server->open(std::move(config), make_attendant); !opened)
        return opened.error();
    return server;
}

Server::Server(config::Config const& config, LoadConfig load)
    : load_(std::move(load)), signals_(context_, SIGTERM, SIGINT, SIGHUP), drain_(context_) {
    log::set_level(config.log_level);
}

Server::~Server() {
    attendant_.reset();
    listeners_.clear();
    for (auto const& worker : workers_) worker->cut_sessions();
    workers_.clear();
}

Checked<void> Server::open(config::Config config, MakeAttendant const& make_attendant) {
    auto const workers = worker_count(config);
    auto const data_dir = config.data_dir;
    auto const built = World::build(std::move(config), estate_);
    if (!built) return built.error();
    if ((*built)->config().acme)
        if (auto const lego = find_lego(); !lego) return lego.error();
    auto control = Control::open(context_, data_dir, [this] { return reload_on_request(); });
    if (!control) return control.error();
    auto added = bind_new(**built);
    if (!added) return added.error();
    auto const method = choose_io_method((*built)->config());
    if (!method) return method.error();
    upkeep_ = Upkeep::start(context_, [this] { return rebuild(); });
    auto attendant = attend(make_attendant, **built);
    if (!attendant) return attendant.error();

    control_ = std::move(*control);
    world_ = *built;
    auto const request_reload = [this] { boost::asio::post(context_, [this] { reload(); }); };
    for (unsigned i = 0; i < workers; ++i)
        workers_.push_back(std::make_unique<Worker>(*method, registries_, request_reload));
    health_ = std::make_unique<Health>(loop_, [this] { reload(); });
    health_->follow(world_);
    watch_ = Watch::start(context_, [this] { reload(); });
    watch_->follow(world_->files());
    acme_ = AcmeKeeper::make(context_, {[this] { return rebuild(); },
                                        [this](std::optional<RenewalStatus> const& status) {
                                            upkeep_->follow_acme(status);
                                        }});
    log_doors(*world_);
    swap_listeners(std::move(*added));
    await_signals();
    upkeep_->follow(world_);
    attendant_ = std::move(*attendant);
    if (attendant_) attendant_->follow();
    bool const uses_io_uring = *method == net::IoMethod::io_uring;
    log::info("sallyport is ready", {{"listeners", listeners_.size()},
                                     {"workers", workers},
                                     {"io_method", uses_io_uring ? "io_uring" : "epoll"}});
    acme_->follow(world_->config().acme);
    return {};
}

Checked<std::unique_ptr<Attendant>> Server::attend(MakeAttendant const& make, World const& world) {
    if (!make) return std::unique_ptr<Attendant>();
    auto certificates = [upkeep = std::weak_ptr(upkeep_)] {
        auto const alive = upkeep.lock();
        return alive ? alive->report() : CertificateReport();
    };
    auto attendant = make(addresses_, {[this] { return sessions(); }, std::move(certificates)});
    if (auto const ready = attendant->prepare(world); !ready) return ready.error();
    return attendant;
}

void Server::run() {
    context_.run();
}

void Server::stop() {
    boost::asio::post(context_, [this] { begin_drain(); });
}

std::string Server::reload() {
    if (is_draining_) return "the gateway is stopping";
    auto loaded = load_();
    return settle(loaded ? apply(std::move(*loaded)) : Checked<void>(loaded.error()));
}

bool Server::rebuild() {
    return !is_draining_ && settle(apply(world_->config())).empty();
}

/// Says how it went, and watches what is to be watched now.
std::string Server::settle(Checked<void> const& applied) {
    auto files = world_->files();
    if (!applied) {
        auto const& fault = applied.error();
        metrics::count_failed_reload();
        // What was missing may be about to appear.
        if (!fault.file.empty()) files.push_back(fault.file);
        log::error("reload failed, the old configuration stays", {{"file", fault.file.string()},
                                                                  {"reason", fault.reason},
                                                                  {"code", name(fault.code)},
                                                                  {"hint", fault.hint}});
    }
    watch_->follow(files);
    return applied ? std::string() : applied.error().what();
}

std::string Server::reload_on_request() {
    auto refused = reload();
    if (refused.empty()) acme_->hurry();
    return refused;
}

Checked<void> Server::apply(config::Config config) {
    if (config.data_dir != world_->config().data_dir)
        return Fault{Errc::file_invalid, config.source, "data-dir cannot change while running",
                     "restart sallyport"};
    auto const built = World::build(std::move(config), estate_, world_.get());
    if (!built) return built.error();
    auto added = bind_new(**built);
    if (!added) return added.error();
    if (attendant_)
        if (auto const ready = attendant_->prepare(**built); !ready) return ready.error();
    if ((*built)->config().io_method != world_->config().io_method)
        log::warn("io-method changes at the next restart", {});
    if (worker_count((*built)->config()) != workers_.size())
        log::warn("workers changes at the next restart", {{"workers", workers_.size()}});
    // From here on nothing can fail: the whole next World is there.
    world_ = *built;
    log::set_level(world_->config().log_level);
    swap_listeners(std::move(*added));
    health_->follow(world_);
    upkeep_->follow(world_);
    if (attendant_) attendant_->follow();
    auto const revocations = Revocations::of(*world_);
    for (auto const& worker : workers_) worker->end_revoked(revocations);
    log::info("configuration reloaded", {{"file", world_->config().source.string()}});
    log_doors(*world_);
    acme_->follow(world_->config().acme);
    return {};
}

Checked<std::vector<std::shared_ptr<Listener>>> Server::bind_new(World const& next) {
    std::vector<std::shared_ptr<Listener>> added;
    for (auto const& door : next.doors()) {
        auto const& address = door->settings.address;
        bool const is_bound =
            std::any_of(listeners_.begin(), listeners_.end(),
                        [&](auto const& listener) { return listener->address() == address; });
        if (is_bound) continue;
        auto bound = addresses_.listen(address);
        if (!bound) return bound.error();
        added.push_back(std::move(*bound));
    }
    return added;
}

/// Starts the new listeners and closes those that no door has any more.
void Server::swap_listeners(std::vector<std::shared_ptr<Listener>> added) {
    auto const has_no_door = [this](std::shared_ptr<Listener> const& listener) {
        return std::none_of(world_->doors().begin(), world_->doors().end(), [&](auto const& door) {
            return door->settings.address == listener->address();
        });
    };
    std::erase_if(listeners_, has_no_door);
    for (auto& listener : added) {
        listener->start(
            [this, address = listener->address()](int descriptor) { accept(address, descriptor); });
        listeners_.push_back(std::move(listener));
    }
}

void Server::accept(config::Address const& address, int descriptor) {
    auto const& doors = world_->doors();
    auto const door = std::find_if(doors.begin(), doors.end(), [&](auto const& candidate) {
        return candidate->settings.address == address;
    });
    auto const limit = world_->config().limits.max_connections;
    auto const live = sessions();
    if (live >= limit + told_too_many) {
        log::warn("connection closed", {{"listener", (*door)->settings.name},
                                        {"client", remote_end(descriptor).to_string()},
                                        {"reason", name(Errc::too_many_sessions)}});
        metrics::count_ending(Errc::too_many_sessions);
        ::close(descriptor);
        return;
    }
    bool const is_one_too_many = live >= limit;
    std::vector<Placing::Load> loads;
    for (auto const& worker : workers_) loads.push_back({worker->sessions(), worker->cpu_time()});
    auto const chosen = placing_.place(loads, std::chrono::steady_clock::now());
    workers_[chosen]->adopt({descriptor, world_, *door, is_one_too_many});
}

void Server::await_signals() {
    signals_.async_wait([this](error_code error, int signal) {
        if (error) return;
        await_signals();
        if (signal == SIGHUP)
            reload_on_request();
        else if (!is_draining_)
            begin_drain();
        else
            drain_end_ = {};  // Asked twice: do not wait for the sessions.
    });
}

/// Stops accepting; live sessions may finish what they do, up to drain-timeout.
void Server::begin_drain() {
    if (std::exchange(is_draining_, true)) return;
    log::info("stopping", {{"sessions", sessions()}});
    listeners_.clear();
    control_.reset();
    watch_.reset();
    acme_.reset();
    attendant_.reset();
    upkeep_->stop();
    health_->stop();
    drain_end_ = std::chrono::steady_clock::now() + world_->config().limits.drain_timeout;
    await_sessions();
}

void Server::await_sessions() {
    if (sessions() == 0 && health_->is_idle()) return finish();
    if (std::chrono::steady_clock::now() >= drain_end_ && !std::exchange(is_cutting_, true))
        for (auto const& worker : workers_) worker->cut_sessions();
    drain_.expires_after(drain_check);
    drain_.async_wait([this](error_code error) {
        if (!error) await_sessions();
    });
}

void Server::finish() {
    upkeep_.reset();
    for (auto const& worker : workers_) worker->join();
    signals_.cancel();
    nested_.stop();
    std::vector<log::Field> fields{{"cut", is_cutting_}};
    for (auto const& [counter, value] : metrics::snapshot()) fields.emplace_back(counter, value);
    log::write(log::Level::info, "stopped", fields.data(), fields.size());
}

std::size_t Server::sessions() const {
    std::size_t count = 0;
    for (auto const& worker : workers_) count += worker->sessions();
    return count;
}

}  // namespace sallyport::gateway
