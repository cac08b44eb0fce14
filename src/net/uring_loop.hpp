// The loop that is told of completions: sockets receive without a system call of their own, because
// the kernel has received for them by the time the loop hears of it.
#pragma once

#include "net/loop.hpp"
#include "net/ring.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace sallyport::net {

class UringSocket;

/// What the kernel may still be doing for a socket. It outlives the socket until that is over.
struct Operations {
    UringSocket* socket;
    int descriptor;
    Buffer outgoing{};          ///< what is_sending sends
    bool is_sending = false;    ///< until all of it is sent, or fails
    bool is_receiving = false;  ///< until it is cancelled, fails, or runs out of buffers
    bool awaits_room = false;   ///< for one report that sending goes on
};

class UringLoop final : public Loop {
 public:
    /// Throws system_error where the kernel offers no io_uring that does.
    UringLoop();
    ~UringLoop() override;

    std::unique_ptr<Socket> adopt(int descriptor) override;

    // For its sockets.

    void start_receiving(Operations& operations);
    void stop_receiving(Operations& operations);
    void await_room(Operations& operations);
    void start_sending(Operations& operations);
    /// The socket is gone; its descriptor is closed when the kernel has let go of it.
    void retire(std::unique_ptr<Operations> operations);

    Ring& ring() { return ring_; }
    /// `socket` has bytes to send: all that the sockets of a turn have is submitted in one go.
    void will_send(UringSocket& socket) { senders_.push_back(&socket); }
    /// An empty buffer that has room already, so that a message costs no allocation.
    Buffer lend_buffer();
    void take_back(Buffer buffer);
    /// `socket` has bytes in the ring's buffers. They are taken from there before the loop waits
    /// again: the buffers are for all.
    void borrows(UringSocket& socket) { borrowers_.push_back(&socket); }
    /// `socket` is to be told of a change, once, when all that has happened is known.
    void changed(UringSocket& socket) { changed_.push_back(&socket); }

 private:
    bool serve(bool may_wait) override;
    void watch(int descriptor, std::uint64_t mark);
    void cancel(Operations& operations, std::uint64_t mark);
    void take(io_uring_cqe const& completion);
    void take_own(std::uint64_t mark, bool goes_on);
    void report(Operations& operations, std::uint64_t mark, io_uring_cqe const& completion);
    void finish(Operations& operations);
    void collect_sendings();

    // Before ring_: the kernel may send from them until the ring is gone.
    std::unordered_map<Operations*, std::unique_ptr<Operations>> retired_;
    Ring ring_;
    std::vector<UringSocket*> senders_;
    std::vector<UringSocket*> borrowers_;
    std::vector<UringSocket*> changed_;
    std::vector<Buffer> spare_buffers_;
    bool is_rung_ = false;
    bool is_time_ = false;
};

}  // namespace sallyport::net
