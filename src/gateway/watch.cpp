#include "gateway/watch.hpp"

#include <sys/stat.h>
#include <utility>

namespace sallyport::gateway {
namespace {

std::int64_t nanoseconds(timespec const& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Watch::Watch(boost::asio::io_context& context, std::function<void()> changed)
    : timer_(context), changed_(std::move(changed)) {}

std::shared_ptr<Watch> Watch::start(boost::asio::io_context& context,
                                    std::function<void()> changed) {
    std::shared_ptr<Watch> watch(new Watch(context, std::move(changed)));
    watch->wait();
    return watch;
}

void Watch::follow(std::vector<std::filesystem::path> const& files) {
    // Files that were followed before keep their old stamps: they were taken before the files were
    // read, so a change in between is not missed.
    auto const before = std::exchange(served_, {});
    for (auto const& file : files) {
        auto const known = before.find(file);
        served_[file] = known != before.end() ? known->second : stamp(file);
    }
    seen_ = served_;
}

Watch::Stamp Watch::stamp(std::filesystem::path const& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) return {};
    return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
            nanoseconds(status.st_ctim)};
}

void Watch::wait() {
    timer_.expires_after(interval);
    // Held weakly: a cancelled timer may have its handler queued with success already.
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        auto const self = weak.lock();
        if (error || !self) return;
        self->look();
        self->wait();
    });
}

void Watch::look() {
    Stamps now;
    for (auto const& [file, served] : served_) now[file] = stamp(file);
    bool const is_still = now == seen_;
    seen_ = std::move(now);
    if (!is_still || seen_ == served_) return;
    // Before the report, which follows anew: what cannot be served is not tried again until it
    // changes again.
    served_ = seen_;
    changed_();
}

}  // namespace sallyport::gateway
