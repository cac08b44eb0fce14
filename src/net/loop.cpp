#include "net/loop.hpp"

#include "net/system_error.hpp"

#include <boost/asio/post.hpp>

#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace sallyport::net {
namespace {

/// The loop that the calling thread serves at the moment.
thread_local Loop* served = nullptr;

class Serving {
 public:
    explicit Serving(Loop& loop) : before_(std::exchange(served, &loop)) {}
    Serving(Serving const&) = delete;
    Serving& operator=(Serving const&) = delete;
    ~Serving() { served = before_; }

 private:
    Loop* before_;
};

}  // namespace

boost::asio::execution_context& Executor::query(boost::asio::execution::context_t) const noexcept {
    return *loop_;
}

void Executor::post(Job job) const {
    loop_->post(std::move(job));
}

Loop::Loop() : bell_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (bell_ < 0) throw_errno("eventfd");
}

Loop::~Loop() {
    ::close(bell_);
}

void Loop::post(Job job) {
    if (served == this) {
        jobs_.push_back(std::move(job));
        return;
    }
    {
        std::lock_guard const lock(mutex_);
        posted_.push_back(std::move(job));
        // Rung already, and not heard yet.
        if (posted_.size() > 1) return;
    }
    eventfd_write(bell_, 1);
}

Task<> Loop::yield() {
    return boost::asio::post(executor(), awaited);
}

void Loop::run() {
    Serving const serving(*this);
    for (;;) {
        do_jobs();
        if (is_stopped_) return;
        serve(jobs_.empty());
    }
}

void Loop::stop() {
    post(Job([this] { is_stopped_ = true; }));
}

bool Loop::run_ready() {
    Serving const serving(*this);
    bool const has_worked = do_jobs();
    return serve(false) || has_worked || !jobs_.empty();
}

bool Loop::do_jobs() {
    if (jobs_.empty()) return false;
    // Jobs that these ones post have to wait until sockets and clocks had their turn.
    std::swap(jobs_, running_);
    for (Job& job : running_) job();
    running_.clear();
    return true;
}

void Loop::take_posted() {
    eventfd_t rung = 0;
    eventfd_read(bell_, &rung);
    std::lock_guard const lock(mutex_);
    for (Job& job : posted_) jobs_.push_back(std::move(job));
    posted_.clear();
}

void Loop::close_down() {
    // The services' threads may still post, and jobs that are dropped may do so, too.
    shutdown();
    for (;;) {
        std::vector<Job> dropped;
        {
            std::lock_guard const lock(mutex_);
            dropped.swap(posted_);
        }
        for (Job& job : jobs_) dropped.push_back(std::move(job));
        jobs_.clear();
        if (dropped.empty()) break;
    }
    destroy();
}

}  // namespace sallyport::net
