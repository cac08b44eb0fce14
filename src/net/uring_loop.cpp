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
constexpr std::uint64_t send_mark = 2;
constexpr std::uint64_t marks = 3;
constexpr std::uint64_t of_nobody = 0;
constexpr std::uint64_t of_bell = 1;
constexpr std::uint64_t of_clocks = 2;

/// As many sockets as may have bytes on their way at once without an allocation.
constexpr std::size_t most_spare_buffers = 16;
/// Larger ones are not kept: one slow client must not make all buffers large.
constexpr std::size_t most_spare_bytes = 4 * 1024;

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
    if (operations.is_receiving) cancel(operations, receive_mark);
}

void UringLoop::await_room(Operations& operations) {
    if (operations.awaits_room) return;
    operations.awaits_room = true;
    auto& entry = ring_.next_entry();
    io_uring_prep_poll_add(&entry, operations.descriptor, POLLOUT);
    entry.user_data = name(operations, room_mark);
}

void UringLoop::start_sending(Operations& operations) {
    operations.is_sending = true;
    auto& entry = ring_.next_entry();
    io_uring_prep_send(&entry, operations.descriptor, operations.outgoing.data(),
                       operations.outgoing.size(), MSG_NOSIGNAL | MSG_WAITALL);
    entry.user_data = name(operations, send_mark);
}

Buffer UringLoop::lend_buffer() {
    if (spare_buffers_.empty()) return {};
    Buffer buffer = std::move(spare_buffers_.back());
    spare_buffers_.pop_back();
    return buffer;
}

void UringLoop::take_back(Buffer buffer) {
    if (spare_buffers_.size() >= most_spare_buffers || buffer.capacity() > most_spare_bytes) return;
    buffer.clear();
    spare_buffers_.push_back(std::move(buffer));
}

void UringLoop::cancel(Operations& operations, std::uint64_t mark) {
    auto& entry = ring_.next_entry();
    io_uring_prep_cancel64(&entry, name(operations, mark), 0);
    entry.user_data = of_nobody;
}

void UringLoop::retire(std::unique_ptr<Operations> operations) {
    std::erase(borrowers_, operations->socket);
    std::erase(senders_, operations->socket);
    std::replace(changed_.begin(), changed_.end(), operations->socket,
                 static_cast<UringSocket*>(nullptr));
    operations->socket = nullptr;
    Operations& left = *operations;
    retired_.emplace(&left, std::move(operations));
    if (left.is_receiving) cancel(left, receive_mark);
    if (left.awaits_room) cancel(left, room_mark);
    if (left.is_sending) cancel(left, send_mark);
    finish(left);
}

/// Of a socket that is gone: closes its descriptor, unless the kernel has yet to let go of it.
void UringLoop::finish(Operations& operations) {
    if (operations.is_receiving || operations.awaits_room || operations.is_sending) return;
    ::close(operations.descriptor);
    retired_.erase(&operations);
}

void UringLoop::collect_sendings() {
    for (UringSocket* const socket : senders_) socket->start_sending();
    senders_.clear();
}

bool UringLoop::serve(bool may_wait) {
    for (UringSocket* const socket : borrowers_) socket->take_from_ring();
    borrowers_.clear();
    collect_sendings();
    ring_.enter(may_wait);
    unsigned const count =
        ring_.for_each_completion([this](io_uring_cqe const& completion) { take(completion); });
    // By index: who is told may make others change.
    for (std::size_t i = 0; i < changed_.size(); ++i)
        if (changed_[i] != nullptr) changed_[i]->tell();
    changed_.clear();
    if (std::exchange(is_rung_, false)) take_posted();
    if (std::exchange(is_time_, false)) clocks().strike();
    // A handshake takes its time: what others have to send does not wait for it.
    if (has_jobs() && !senders_.empty()) {
        collect_sendings();
        ring_.submit();
    }
    return count > 0;
}

void UringLoop::take(io_uring_cqe const& completion) {
    auto const mark = completion.user_data & marks;
    auto const owner = completion.user_data & ~marks;
    if (owner == 0) return take_own(mark, (completion.flags & IORING_CQE_F_MORE) != 0);
    auto& operations = *reinterpret_cast<Operations*>(owner);
    report(operations, mark, completion);
    if (operations.socket == nullptr) finish(operations);
}

void UringLoop::take_own(std::uint64_t mark, bool goes_on) {
    if (mark == of_bell) {
        is_rung_ = true;
        if (!goes_on) watch(bell(), of_bell);
    } else if (mark == of_clocks) {
        is_time_ = true;
        if (!goes_on) watch(clocks().descriptor(), of_clocks);
    }
}

void UringLoop::report(Operations& operations, std::uint64_t mark, io_uring_cqe const& completion) {
    UringSocket* const socket = operations.socket;
    if (mark == room_mark) {
        operations.awaits_room = false;
        if (socket != nullptr) socket->on_room();
        return;
    }
    if (mark == send_mark) {
        operations.is_sending = false;
        if (socket != nullptr) socket->on_sent(completion.res);
        return;
    }
    operations.is_receiving = (completion.flags & IORING_CQE_F_MORE) != 0;
    bool const has_buffer = (completion.flags & IORING_CQE_F_BUFFER) != 0;
    auto const buffer = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    if (has_buffer && completion.res > 0 && socket != nullptr)
        return socket->on_bytes(buffer, static_cast<std::uint32_t>(completion.res));
    if (has_buffer) ring_.give_back(buffer);
    if (socket != nullptr) socket->on_end(completion.res);
}

}  // namespace sallyport::net
