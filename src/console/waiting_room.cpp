#include "console/waiting_room.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace sallyport::console {
namespace {

/// RFC 8446 section 5.1: type, version, length of what follows.
constexpr std::size_t record_header = 5;
constexpr unsigned char handshake_record = 0x16;
/// Section 5.1, too: no hello is in a longer record.
constexpr int max_record = 1 << 14;

enum class State { silent, here, gone };

/// Whether a whole record is there, or something that is no TLS and gets its answer at once.
State look_at(int descriptor) {
    std::array<unsigned char, record_header> head{};
    auto const got = ::recv(descriptor, head.data(), head.size(), MSG_PEEK);
    if (got < 0) return errno == EAGAIN || errno == EINTR ? State::silent : State::gone;
    if (got == 0) return State::gone;
    if (head[0] != handshake_record) return State::here;
    if (static_cast<std::size_t>(got) < head.size()) return State::silent;
    int const length = head[3] * 256 + head[4];
    int available = 0;
    if (::ioctl(descriptor, FIONREAD, &available) != 0) return State::gone;
    // A length that cannot be is libssl's to refuse.
    bool const is_whole = available >= length + static_cast<int>(record_header);
    return is_whole || length > max_record ? State::here : State::silent;
}

[[noreturn]] void fail(char const* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

WaitingRoom::WaitingRoom(Ready ready)
    : ready_(std::move(ready)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    epoll_event event{EPOLLIN, {.fd = wake_}};
    if (epoll_ < 0 || wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
        int const reason = errno;
        if (epoll_ >= 0) ::close(epoll_);
        if (wake_ >= 0) ::close(wake_);
        errno = reason;
        fail("the console's waiting room");
    }
    thread_ = std::thread([this] { watch(); });
}

WaitingRoom::~WaitingRoom() {
    {
        std::lock_guard const lock(mutex_);
        is_stopping_ = true;
    }
    wake();
    thread_.join();
    for (auto const& guest : guests_) ::close(guest.descriptor);
    ::close(wake_);
    ::close(epoll_);
}

void WaitingRoom::admit(int descriptor) {
    bool is_first = false;
    {
        std::lock_guard const lock(mutex_);
        // Edge-triggered: a part of a hello is looked at once, not over and over.
        epoll_event event{EPOLLIN | EPOLLRDHUP | EPOLLET, {.fd = descriptor}};
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
            ::close(descriptor);
            return;
        }
        if (guests_.size() >= max_guests) {
            ::close(guests_.front().descriptor);
            guests_.pop_front();
        }
        is_first = guests_.empty();
        guests_.push_back({descriptor, Clock::now() + silence_limit});
    }
    // Whoever watches an empty room waits for ever. Later guests are never the first to go.
    if (is_first) wake();
}

void WaitingRoom::wake() const {
    std::uint64_t const one = 1;
    static_cast<void>(!::write(wake_, &one, sizeof one));
}

int WaitingRoom::patience() {
    std::lock_guard const lock(mutex_);
    if (guests_.empty()) return -1;
    auto const left =
        std::chrono::ceil<std::chrono::milliseconds>(guests_.front().until - Clock::now());
    return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}

void WaitingRoom::watch() {
    std::array<epoll_event, 64> events;
    for (;;) {
        int const count =
            ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), patience());
        std::vector<int> heard;
        for (int i = 0; i < count; ++i) {
            int const descriptor = events[static_cast<std::size_t>(i)].data.fd;
            if (descriptor != wake_) heard.push_back(descriptor);
        }
        std::uint64_t woken = 0;
        static_cast<void>(!::read(wake_, &woken, sizeof woken));
        for (int const descriptor : sort_out(heard)) ready_(descriptor);
        std::lock_guard const lock(mutex_);
        if (is_stopping_) return;
    }
}

std::vector<int> WaitingRoom::sort_out(std::vector<int> const& heard) {
    std::vector<int> here;
    std::lock_guard const lock(mutex_);
    for (int const descriptor : heard) {
        // One that gave way meanwhile is not among them; where its number is somebody else's by
        // now, that one is looked at, which does no harm.
        auto const guest = std::ranges::find(guests_, descriptor, &Guest::descriptor);
        if (guest == guests_.end()) continue;
        auto const state = look_at(descriptor);
        if (state == State::silent) continue;
        guests_.erase(guest);
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
        if (state == State::here)
            here.push_back(descriptor);
        else
            ::close(descriptor);
    }
    auto const now = Clock::now();
    while (!guests_.empty() && guests_.front().until <= now) {
        ::close(guests_.front().descriptor);
        guests_.pop_front();
    }
    return here;
}

}  // namespace sallyport::console
