#include "gateway/worker.hpp"

#include "base/log.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <ctime>
#include <exception>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

std::string message_of(std::exception_ptr const& error) {
    try {
        std::rethrow_exception(error);
    } catch (std::exception const& caught) {
        return caught.what();
    } catch (...) {
        return "not a std::exception";
    }
}

}  // namespace

Worker::Worker(net::IoMethod method, Registries& registries, std::function<void()> request_reload)
    : loop_(net::make_loop(method)),
      surroundings_{*loop_,
                    MutableBytes(scratch_.get(), scratch_size),
                    registries.ids,
                    registries.cancel_keys,
                    std::move(request_reload),
                    nullptr},
      thread_([this] { loop_->run(); }) {}

Worker::~Worker() {
    join();
}

void Worker::adopt(Arrival arrival) {
    sessions_.fetch_add(1, std::memory_order_relaxed);
    loop_->post(net::Job([this, arrival = std::move(arrival)] { start(arrival); }));
}

std::chrono::nanoseconds Worker::cpu_time() {
    clockid_t clock{};
    timespec used{};
    if (::pthread_getcpuclockid(thread_.native_handle(), &clock) != 0 ||
        ::clock_gettime(clock, &used) != 0)
        return {};
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void Worker::start(Arrival const& arrival) {
    std::list<std::unique_ptr<Session>>::iterator place;
    try {
        place = live_.insert(live_.end(), Session::make(surroundings_, arrival));
        most_live_ = std::max(most_live_, live_.size());
    } catch (std::exception const& error) {
        // The descriptor is closed by then: the session's socket took it over.
        log::error("session could not start", {{"reason", error.what()}});
        sessions_.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    auto finished = [this, place](std::exception_ptr const& error) {
        // One session's bug must not take the others down.
        if (error) log::error("session failed", {{"reason", message_of(error)}});
        auto const record = (*place)->record();
        live_.erase(place);
        sessions_.fetch_sub(1, std::memory_order_relaxed);
        // Last: who reads that a session has ended may count on its place.
        write_log(record);
        give_back_memory();
        if (is_ending_) end_when_empty();
    };
    boost::asio::co_spawn(loop_->executor(), (*place)->run(), std::move(finished));
}

/// Left alone, glibc keeps the pages of ended sessions, and new ones are not always put into them:
/// resident memory grew by 9 MiB each time that 5,000 sessions came and went.
void Worker::give_back_memory() {
    auto const live = live_.size();
    if (most_live_ < worth_giving_back || live > most_live_ / 2) return;
    malloc_trim(0);
    most_live_ = live;
}

void Worker::end_revoked(std::shared_ptr<Revocations const> revocations) {
    loop_->post(net::Job([this, revocations = std::move(revocations)] {
        surroundings_.revocations = revocations;
        for (auto const& session : live_) session->end_if_revoked();
    }));
}

void Worker::cut_sessions() {
    loop_->post(net::Job([this] {
        for (auto const& session : live_) session->cut();
    }));
}

void Worker::join() {
    if (!thread_.joinable()) return;
    // Not before the last session has ended: its coroutine would be left hanging.
    loop_->post(net::Job([this] { end_when_empty(); }));
    thread_.join();
}

void Worker::end_when_empty() {
    is_ending_ = true;
    if (live_.empty()) loop_->stop();
}

}  // namespace sallyport::gateway
