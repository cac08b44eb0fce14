// An io_uring of one thread, and the buffers that the kernel fills for its sockets.
//
// The kernel receives into the next free buffer when bytes are there, so a socket that waits owns
// none (io_uring_setup(2); provided buffers: io_uring_register(2), IORING_REGISTER_PBUF_RING).
#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <liburing.h>
#include <memory>
#include <span>

namespace sallyport::net {

class Ring {
 public:
    /// A whole TLS record with its header and tag, so that one that comes alone is one piece.
    static constexpr std::size_t buffer_size = 17 * 1024;
    /// As many pieces as may come in one turn; a power of two. 0.25 MiB a thread, where it is used.
    static constexpr unsigned buffer_count = 16;

    /// Throws system_error where the kernel offers no such ring: before 6.1, or forbidden, as in
    /// many containers. The thread that calls enter() first is the only one that may.
    Ring();
    ~Ring();
    Ring(Ring const&) = delete;
    Ring& operator=(Ring const&) = delete;

    /// The next entry to fill in; it is submitted by enter() at the latest.
    io_uring_sqe& next_entry();
    /// Submits all entries, and works out no completions.
    void submit();
    /// Submits all entries, and with `may_wait` waits until there is a completion.
    void enter(bool may_wait);
    /// Takes all that has been completed by now; how much that was.
    template <class Take>
    unsigned for_each_completion(Take take) {
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring_, head, completion) {
            ++count;
            take(*completion);
        }
        io_uring_cq_advance(&ring_, count);
        return count;
    }

    /// The bytes of a buffer that the kernel has filled.
    std::span<std::byte> buffer(std::uint16_t id);
    /// Lets the kernel fill it again.
    void give_back(std::uint16_t id);

    /// What an entry names to take one of the buffers: its group.
    static constexpr std::uint16_t buffer_group = 0;

 private:
    void enable();

    struct Unmap {
        std::size_t size;
        void operator()(void* memory) const;
    };
    using Mapping = std::unique_ptr<void, Unmap>;
    static Mapping map(std::size_t size);

    io_uring ring_{};  ///< ended in the destructor's body, before the memory that it writes to
    Mapping memory_;
    Mapping list_;
    io_uring_buf_ring* free_ = nullptr;
    bool is_enabled_ = false;
};

}  // namespace sallyport::net
