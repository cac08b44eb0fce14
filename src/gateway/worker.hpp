// One worker: a thread with its own loop and scratch buffer, and the sessions that live and die on
// it. No lock is taken on the data path, because nothing on it is shared.
#pragma once

#include "gateway/mysql/connection_ids.hpp"
#include "gateway/postgres/cancel_keys.hpp"
#include "gateway/session.hpp"
#include "net/io_method.hpp"

#include <atomic>
#include <chrono>
#include <list>
#include <memory>
#include <thread>

namespace sallyport::gateway {

/// What all workers share: who may be killed or cancelled by which number. The only data of
/// sessions that others can reach.
struct Registries {
    ConnectionIds ids;
    CancelKeys cancel_keys;
};

class Worker {
 public:
    /// What one reading round brings at most: four TLS records of 16 KiB.
    static constexpr std::size_t scratch_size = 64 * 1024;

    /// When half of at least so many sessions have gone, their memory goes back to the system: some
    /// milliseconds' work for 2 MiB and more.
    static constexpr std::size_t worth_giving_back = 64;

    Worker(net::IoMethod method, Registries& registries, std::function<void()> request_reload);
    ~Worker();

    /// Starts a session on this worker. Safe from any thread.
    void adopt(Arrival arrival);
    /// Ends the sessions whose client is revoked by these lists, now and whenever one has proved
    /// itself by older ones. Safe from any thread.
    void end_revoked(std::shared_ptr<Revocations const> revocations);
    /// Ends every session that is still there. Safe from any thread.
    void cut_sessions();
    /// Waits for the thread, which ends when its last session has. Call cut_sessions() first, or
    /// wait for sessions() to be 0.
    void join();

    /// Sessions on this worker, those on their way to it included. Safe from any thread.
    std::size_t sessions() const { return sessions_.load(std::memory_order_relaxed); }
    /// CPU time that its thread has used. Safe from any thread before join().
    std::chrono::nanoseconds cpu_time();

 private:
    void start(Arrival const& arrival);
    void end_when_empty();
    void give_back_memory();

    std::unique_ptr<net::Loop> loop_;
    std::unique_ptr<std::byte[]> scratch_ = std::make_unique<std::byte[]>(scratch_size);
    Surroundings surroundings_;
    std::list<std::unique_ptr<Session>> live_;  ///< touched by the worker's thread only
    std::size_t most_live_ = 0;  ///< since memory was given back; touched by that thread only
    bool is_ending_ = false;     ///< likewise
    std::atomic<std::size_t> sessions_ = 0;
    std::thread thread_;
};

}  // namespace sallyport::gateway
