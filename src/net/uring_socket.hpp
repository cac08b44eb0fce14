// A socket for which the kernel receives ahead, into buffers that all sockets of the loop share.
#pragma once

#include "net/socket.hpp"
#include "net/uring_loop.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sallyport::net {

class UringSocket final : public Socket {
 public:
    UringSocket(UringLoop& loop, int descriptor);
    ~UringSocket() override;

    Result<std::size_t> receive(MutableBytes into) override;
    Result<std::byte> peek() override;
    bool may_be_readable() const override;
    Result<std::size_t> send(Bytes data) override;
    void expect_goodbye() override { says_goodbye_ = true; }
    void finish_sending() override;

    // What the loop reports.

    void on_bytes(std::uint16_t buffer, std::uint32_t size);
    /// `result` as recv(2) returns it, an error as -errno: there will be no more bytes, or not
    /// before it is asked for them again.
    void on_end(int result);
    void on_room();
    /// `result` as send(2) returns it, an error as -errno.
    void on_sent(int result);
    /// What was sent in this turn is to be submitted.
    void start_sending();
    void tell();
    /// Copies what is left in the ring's buffers, and gives them back.
    void take_from_ring();

 private:
    /// Received and not taken: where bytes are in one of the ring's buffers.
    struct Piece {
        std::uint16_t buffer;
        std::uint32_t begin;
        std::uint32_t end;
    };

    // With this much unread the kernel is told to stop receiving: the peer is to notice.
    static constexpr std::size_t enough = 64 * 1024;
    // As much may be on its way to the kernel: what a relay passes on in one go, sealed in records.
    static constexpr std::size_t most_outgoing = 128 * 1024;

    void expect_bytes() override;
    void expect_room() override;
    void hand_over() override;
    bool has_bytes() const { return !unread_.empty() || next_piece_ < pieces_.size(); }
    std::size_t take_unread(MutableBytes into);
    std::size_t take_piece(MutableBytes into);
    MutableBytes rest_of(Piece const& piece) const;
    void note_change();

    UringLoop& uring_;
    std::unique_ptr<Operations> operations_;
    std::vector<Piece> pieces_;
    std::size_t next_piece_ = 0;
    Buffer unread_;  ///< came before the pieces
    std::size_t unread_begin_ = 0;
    std::optional<Errc> end_;
    Buffer goodbye_;  ///< follows the outgoing bytes, which the kernel is sending already
    std::optional<Errc> send_error_;
    bool is_changed_ = false;
    bool says_goodbye_ = false;
    bool will_send_ = false;    ///< outgoing bytes are to be submitted at the end of the turn
    bool wants_room_ = false;   ///< send() had to say would_block
    bool will_finish_ = false;  ///< FIN is to follow the outgoing bytes
};

}  // namespace sallyport::net
