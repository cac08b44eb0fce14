#include "gateway/server.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <csignal>
#include <thread>
#include <unistd.h>
#include <utility>

namespace sallyport::gateway {
namespace {

/// How often auto-tls's due date is looked at: by the wall clock, which may jump.
constexpr std::chrono::seconds renewal_check{30};
/// How often a drain looks whether the last session has gone.
constexpr std::chrono::milliseconds drain_check{20};

std::string joined(std::vector<std::string> const& names) {
    std::string text;
    for (auto const& name : names) text += (text.empty() ? "" : ",") + name;
    return text;
}

std::string as_text(pki::Time time) {
    auto const seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::string text(sizeof "2026-11-22T15:00:00Z" - 1, '\0');
    std::strftime(text.data(), text.size() + 1, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

void log_canary(Door const& door) {
    auto const& settings = door.settings;
    if (!door.why_no_canary.empty())
        log::warn("no canary is served",
                  {{"listener", settings.name}, {"reason", door.why_no_canary}});
    for (auto const& credential : door.canary_credentials) {
        auto const& leaf = credential.chain.front();
        log::info("a canary is served",
                  {{"listener", settings.name},
                   {"share", door.canary->has_fallen() ? 0.0 : settings.tls.canary_share},
                   {"limit", settings.tls.canary_limit},
                   {"key", leaf.key_type()},
                   {"subject", leaf.subject()},
                   {"issuer", leaf.issuer()},
                   {"not_after", as_text(leaf.not_after())}});
    }
}

void log_doors(World const& world) {
    for (auto const& door : world.doors()) {
        auto const address = door->settings.address.to_string();
        if (!door->tls)
            log::warn("secure connection is NOT ENABLED",
                      {{"listener", door->settings.name}, {"address", address}});
        for (auto const& credential : door->credentials) {
            auto const& leaf = credential.chain.front();
            log::info("secure connection is enabled",
                      {{"listener", door->settings.name},
                       {"address", address},
                       {"key", leaf.key_type()},
                       {"subject", leaf.subject()},
                       {"names", joined(leaf.names())},
                       {"not_after", as_text(leaf.not_after())},
                       {"client_verification", door->mirror != nullptr}});
        }
        log_canary(*door);
    }
}

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

Checked<std::unique_ptr<Server>> Server::start(config::Config config, LoadConfig load) {
    std::unique_ptr<Server> server(new Server(config, std::move(load)));
    if (auto const opened = server->open(std::move(config)); !opened) return opened.error();
    return server;
}

Server::Server(config::Config const& config, LoadConfig load)
    : load_(std::move(load)),
      signals_(context_, SIGTERM, SIGINT, SIGHUP),
      renewal_(context_),
      drain_(context_) {
    log::set_level(config.log_level);
}

Server::~Server() {
    listeners_.clear();
    for (auto const& worker : workers_) worker->cut_sessions();
    workers_.clear();
}

Checked<void> Server::open(config::Config config) {
    auto const workers = worker_count(config);
    auto const data_dir = config.data_dir;
    auto const built = World::build(std::move(config), estate_);
    if (!built) return built.error();
    auto control = Control::open(context_, data_dir, [this] { return reload(); });
    if (!control) return control.error();
    auto added = bind_new(**built);
    if (!added) return added.error();
    auto const method = choose_io_method((*built)->config());
    if (!method) return method.error();

    control_ = std::move(*control);
    world_ = *built;
    auto const request_reload = [this] { boost::asio::post(context_, [this] { reload(); }); };
    for (unsigned i = 0; i < workers; ++i)
        workers_.push_back(std::make_unique<Worker>(*method, registries_, request_reload));
    health_ = std::make_unique<Health>(loop_, [this] { reload(); });
    health_->follow(world_);
    watch_ = Watch::start(context_, [this] { reload(); });
    watch_->follow(world_->files());
    log_doors(*world_);
    swap_listeners(std::move(*added));
    await_signals();
    await_renewal();
    bool const uses_io_uring = *method == net::IoMethod::io_uring;
    log::info("sallyport is ready", {{"listeners", listeners_.size()},
                                     {"workers", workers},
                                     {"io_method", uses_io_uring ? "io_uring" : "epoll"}});
    return {};
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
    auto const applied = loaded ? apply(std::move(*loaded)) : Checked<void>(loaded.error());
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

Checked<void> Server::apply(config::Config config) {
    if (config.data_dir != world_->config().data_dir)
        return Fault{Errc::file_invalid, config.source, "data-dir cannot change while running",
                     "restart sallyport"};
    auto const built = World::build(std::move(config), estate_, world_.get());
    if (!built) return built.error();
    auto added = bind_new(**built);
    if (!added) return added.error();
    if ((*built)->config().io_method != world_->config().io_method)
        log::warn("io-method changes at the next restart", {});
    if (worker_count((*built)->config()) != workers_.size())
        log::warn("workers changes at the next restart", {{"workers", workers_.size()}});
    // From here on nothing can fail: the whole next World is there.
    world_ = *built;
    log::set_level(world_->config().log_level);
    swap_listeners(std::move(*added));
    health_->follow(world_);
    log::info("configuration reloaded", {{"file", world_->config().source.string()}});
    log_doors(*world_);
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
        auto bound = Listener::bind(context_, address);
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
    auto const least = std::min_element(
        workers_.begin(), workers_.end(),
        [](auto const& a, auto const& b) { return a->sessions() < b->sessions(); });
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
    (*least)->adopt({descriptor, world_, *door, is_one_too_many});
}

void Server::await_signals() {
    signals_.async_wait([this](error_code error, int signal) {
        if (error) return;
        await_signals();
        if (signal == SIGHUP)
            reload();
        else if (!is_draining_)
            begin_drain();
        else
            drain_end_ = {};  // Asked twice: do not wait for the sessions.
    });
}

void Server::await_renewal() {
    renewal_.expires_after(renewal_check);
    renewal_.async_wait([this](error_code error) {
        // A cancelled wait may be queued as a successful one already.
        if (error || is_draining_) return;
        auto const due = world_->renew_at();
        if (due && *due <= std::chrono::system_clock::now()) reload();
        await_renewal();
    });
}

/// Stops accepting; live sessions may finish what they do, up to drain-timeout.
void Server::begin_drain() {
    if (std::exchange(is_draining_, true)) return;
    log::info("stopping", {{"sessions", sessions()}});
    listeners_.clear();
    control_.reset();
    watch_.reset();
    health_->stop();
    renewal_.cancel();
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
