// One thread's loop: what is to be done, which sockets can do something, which clocks have run out.
//
// Sockets are served by one of two methods, which nothing outside this folder tells apart:
// readiness (epoll) and completion (io_uring); docs/decisions/0009. Asio brings the coroutines; its
// own io_context would wait for readiness at a price of several system calls per message.
#pragma once

#include "net/clocks.hpp"
#include "net/executor.hpp"
#include "net/job.hpp"
#include "net/socket.hpp"
#include "net/task.hpp"

#include <boost/asio/execution_context.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace sallyport::net {

class Loop : public boost::asio::execution_context {
 public:
    Loop(Loop const&) = delete;
    Loop& operator=(Loop const&) = delete;
    virtual ~Loop();

    /// Takes over a non-blocking descriptor. On the loop's thread. Throws system_error when the
    /// kernel has no room for another watch; the descriptor is closed then.
    virtual std::unique_ptr<Socket> adopt(int descriptor) = 0;

    Executor executor() { return Executor(*this); }
    /// Does `job` on the loop's thread, never inside this call. Safe from any thread.
    void post(Job job);
    /// Lets everything else that is ready have its turn. For coroutines on this loop.
    Task<> yield();
    Clocks& clocks() { return clocks_; }

    /// Serves until stop(), on the calling thread.
    void run();
    /// Once what was posted before is done. Safe from any thread.
    void stop();
    /// Serves what is ready, without waiting. False where nothing was.
    bool run_ready();

 protected:
    Loop();

    /// Submits what is to be submitted, and calls whom what has happened concerns; `may_wait`: not
    /// before anything has. False where nothing had.
    virtual bool serve(bool may_wait) = 0;

    /// Readable when another thread has posted; take_posted() is to be called then.
    int bell() const { return bell_; }
    void take_posted();
    bool has_jobs() const { return !jobs_.empty(); }
    /// To be called first by destructors of derived classes: ends Asio's services, and drops the
    /// jobs that nobody will do any more, which may own sockets.
    void close_down();

 private:
    bool do_jobs();

    Clocks clocks_;
    std::vector<Job> jobs_;     ///< of the loop's own thread, in their order
    std::vector<Job> running_;  ///< those that have their turn; kept for its capacity
    int bell_;
    bool is_stopped_ = false;
    std::mutex mutex_;         ///< guards what follows
    std::vector<Job> posted_;  ///< by other threads
};

}  // namespace sallyport::net
