#include "cli/demo/stop_signal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <stdexcept>
#include <sys/signalfd.h>
#include <unistd.h>

namespace sallyport::cli {
namespace {

sigset_t stop_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::sigaddset(&set, SIGTERM);
    ::sigaddset(&set, SIGHUP);
    return set;
}

}  // namespace

StopSignals::StopSignals() {
    auto const set = stop_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    descriptor_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor_ < 0) throw std::runtime_error("signalfd failed");
}

StopSignals::~StopSignals() {
    ::close(descriptor_);
}

bool StopSignals::await(int descriptor, milliseconds limit) const {
    auto const end = std::chrono::steady_clock::now() + limit;
    std::array<pollfd, 2> watched{pollfd{descriptor_, POLLIN, 0}, pollfd{descriptor, POLLIN, 0}};
    for (;;) {
        auto const left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
        auto const timeout = static_cast<int>(left.count() < 0 ? 0 : left.count());
        int const ready = ::poll(watched.data(), watched.size(), timeout);
        if (ready < 0 && errno == EINTR) continue;
        if (watched[0].revents != 0) throw Stopped();
        return ready > 0;
    }
}

std::size_t StopSignals::await_any(std::vector<int> const& descriptors) const {
    std::vector<pollfd> watched{{descriptor_, POLLIN, 0}};
    for (int const descriptor : descriptors) watched.push_back({descriptor, POLLIN, 0});
    while (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
    }
    if (watched[0].revents != 0) throw Stopped();
    auto const ready =
        std::ranges::find_if(watched, [](auto const& one) { return one.revents != 0; });
    return static_cast<std::size_t>(ready - watched.begin()) - 1;
}

}  // namespace sallyport::cli
