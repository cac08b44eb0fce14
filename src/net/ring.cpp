#include "net/ring.hpp"

#include "net/system_error.hpp"

#include <cerrno>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sallyport::net {
namespace {

/// Entries that may wait to be submitted; more than that are submitted in between.
constexpr unsigned entries = 256;
/// Completions that may wait to be read; more than that are kept by the kernel.
constexpr unsigned completions = 1024;

}  // namespace

void Ring::Unmap::operator()(void* memory) const {
    ::munmap(memory, size);
}

Ring::Mapping Ring::map(std::size_t size) {
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw_errno("mmap");
    return Mapping(memory, Unmap{size});
}

Ring::Ring()
    : memory_(map(buffer_size * buffer_count)), list_(map(buffer_count * sizeof(io_uring_buf))) {
    io_uring_params parameters{};
    // Completions are worked out only when the thread asks for them, not whenever it is in the
    // kernel; disabled at first, because the thread that enables it becomes the one it belongs to.
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                       IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE;
    parameters.cq_entries = completions;
    if (int const error = io_uring_queue_init_params(entries, &ring_, &parameters); error < 0)
        throw_error(-error, "io_uring_setup");
    free_ = static_cast<io_uring_buf_ring*>(list_.get());
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(free_);
    registration.ring_entries = buffer_count;
    registration.bgid = buffer_group;
    if (int const error = io_uring_register_buf_ring(&ring_, &registration, 0); error < 0) {
        io_uring_queue_exit(&ring_);
        throw_error(-error, "io_uring_register");
    }
    io_uring_buf_ring_init(free_);
    for (std::uint16_t id = 0; id < buffer_count; ++id) give_back(id);
}

Ring::~Ring() {
    io_uring_queue_exit(&ring_);
}

void Ring::enable() {
    is_enabled_ = true;
    // liburing 2.3 declares io_uring_enable_rings() and does not export it.
    if (::syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0) <
        0)
        throw_errno("io_uring_register");
    // Saves a look-up per call; without it all works the same.
    io_uring_register_ring_fd(&ring_);
}

io_uring_sqe& Ring::next_entry() {
    for (;;) {
        if (io_uring_sqe* const entry = io_uring_get_sqe(&ring_)) return *entry;
        submit();
    }
}

void Ring::submit() {
    if (!is_enabled_) enable();
    io_uring_submit(&ring_);
}

void Ring::enter(bool may_wait) {
    if (!is_enabled_) enable();
    int const done =
        may_wait ? io_uring_submit_and_wait(&ring_, 1) : io_uring_submit_and_get_events(&ring_);
    // A signal, or the kernel short of memory for a moment: what was not done is done next time.
    bool const is_passing = done >= 0 || done == -EINTR || done == -EAGAIN || done == -EBUSY;
    if (!is_passing) throw_error(-done, "io_uring_enter");
}

std::span<std::byte> Ring::buffer(std::uint16_t id) {
    return {static_cast<std::byte*>(memory_.get()) + id * buffer_size, buffer_size};
}

void Ring::give_back(std::uint16_t id) {
    io_uring_buf_ring_add(free_, buffer(id).data(), buffer_size, id,
                          io_uring_buf_ring_mask(buffer_count), 0);
    io_uring_buf_ring_advance(free_, 1);
}

}  // namespace sallyport::net
