#include "net/uring_loop.hpp"

#include "net/uring_socket.hpp"

#include <algorithm>
#include <poll.h>
#include <unistd.h>

namespace sallyport::net {
namespace {

// A completion names the operation it is of: the address of a socket's operations, which leaves
// the lowest bits free, or one of the loop's own.
constexpr std::uint64_t receive_mark = 0;
constexpr std::uint64_t room_mark = 1;
constexpr std::uint64_t marks = 3;
constexpr std::uint64_t of_nobody = 0;
constexpr std::uint64_t of_bell = 1;
constexpr std::uint64_t of_clocks = 2;

std::uint64_t name(Operations const& operations, std::uint64_t mark) {
    return reinterpret_cast<std::uintptr_t>(&operations) | mark;
}

}  // namespace

UringLoop::UringLoop() {
    watch(bell(), of_bell);
    watch(clocks().descriptor(), of_clocks);
}

UringLoop::~UringLoop() {
    close_down();
    for (auto const& [operations, owned] : retired_) ::close(operations->descriptor);
}

std::unique_ptr<Socket> UringLoop::adopt(int descriptor) {
    return std::make_unique<UringSocket>(*this, descriptor);
}

void UringLoop::watch(int descriptor, std::uint64_t mark) {
    auto& entry = ring_.next_entry();
    io_uring_prep_poll_multishot(&entry, descriptor, POLLIN);
    entry.user_data = mark;
}

void UringLoop::start_receiving(Operations& operations) {
    if (operations.is_receiving) return;
    operations.is_receiving = true;
    auto& entry = ring_.next_entry();
    io_uring_prep_recv_multishot(&entry, operations.descriptor, nullptr, 0, 0);
    entry.flags |= IOSQE_BUFFER_SELECT;
    entry.buf_group = Ring::buffer_group;
    entry.user_data = name(operations, receive_mark);
}

void UringLoop::stop_receiving(Operations& operations) {
    if (!operations.is_receiving) return;
    auto& entry = ring_.next_entry();
    io_uring_prep_cancel64(&entry, name(operations, receive_mark), 0);
    entry.user_data = of_nobody;
}

void UringLoop::await_room(Operations& operations) {
    if (operations.awaits_room) return;
    operations.awaits_room = true;
    auto& entry = ring_.next_entry();
    io_uring_prep_poll_add(&entry, operations.descriptor, POLLOUT);
    entry.user_data = name(operations, room_mark);
}

void UringLoop::retire(std::unique_ptr<Operations> operations) {
    std::erase(borrowers_, operations->socket);
    std::replace(changed_.begin(), changed_.end(), operations->socket,
                 static_cast<UringSocket*>(nullptr));
    operations->socket = nullptr;
    Operations& left = *operations;
    retired_.emplace(&left, std::move(operations));
    stop_receiving(left);
    if (left.awaits_room) {
        auto& entry = ring_.next_entry();
        io_uring_prep_cancel64(&entry, name(left, room_mark), 0);
        entry.user_data = of_nobody;
    }
    finish(left);
}

/// Of a socket that is gone: closes its descriptor, unless the kernel has yet to let go of it.
void UringLoop::finish(Operations& operations) {
    if (operations.is_receiving || operations.awaits_room) return;
    ::close(operations.descriptor);
    retired_.erase(&operations);
}

bool UringLoop::serve(bool may_wait) {
    for (UringSocket* const socket : borrowers_) socket->take_from_ring();
    borrowers_.clear();
    ring_.enter(may_wait);
    unsigned const count =
        ring_.for_each_completion([this](io_uring_cqe const& completion) { take(completion); });
    // By index: who is told may make others change.
    for (std::size_t i = 0; i < changed_.size(); ++i)
        if (changed_[i] != nullptr) changed_[i]->tell();
    changed_.clear();
    if (std::exchange(is_rung_, false)) take_posted();
    if (std::exchange(is_time_, false)) clocks().strike();
    return count > 0;
}

void UringLoop::take(io_uring_cqe const& completion) {
    bool const goes_on = (completion.flags & IORING_CQE_F_MORE) != 0;
    if (completion.user_data == of_nobody) return;
    if (completion.user_data == of_bell) {
        is_rung_ = true;
        if (!goes_on) watch(bell(), of_bell);
        return;
    }
    if (completion.user_data == of_clocks) {
        is_time_ = true;
        if (!goes_on) watch(clocks().descriptor(), of_clocks);
        return;
    }
    auto& operations = *reinterpret_cast<Operations*>(completion.user_data & ~marks);
    bool const is_room = (completion.user_data & marks) == room_mark;
    if (is_room)
        operations.awaits_room = false;
    else
        operations.is_receiving = goes_on;
    bool const has_buffer = (completion.flags & IORING_CQE_F_BUFFER) != 0;
    auto const buffer = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    if (operations.socket == nullptr) {
        if (has_buffer) ring_.give_back(buffer);
        finish(operations);
    } else if (is_room) {
        operations.socket->on_room();
    } else if (has_buffer && completion.res > 0) {
        operations.socket->on_bytes(buffer, static_cast<std::uint32_t>(completion.res));
    } else {
        if (has_buffer) ring_.give_back(buffer);
        operations.socket->on_end(completion.res);
    }
}

}  // namespace sallyport::net
