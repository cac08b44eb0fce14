#include "net/uring_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sallyport::net {

UringSocket::UringSocket(UringLoop& loop, int descriptor)
    : Socket(loop, descriptor),
      uring_(loop),
      operations_(std::make_unique<Operations>(Operations{this, descriptor})) {}

UringSocket::~UringSocket() {
    for (; next_piece_ < pieces_.size(); ++next_piece_)
        uring_.ring().give_back(pieces_[next_piece_].buffer);
    hand_over();
    uring_.retire(std::move(operations_));
}

Result<std::size_t> UringSocket::receive(MutableBytes into) {
    if (!unread_.empty()) return take_unread(into);
    if (next_piece_ < pieces_.size()) return take_piece(into);
    if (end_) return *end_;
    uring_.start_receiving(*operations_);
    return Errc::would_block;
}

std::size_t UringSocket::take_unread(MutableBytes into) {
    auto const rest = Bytes(unread_).subspan(unread_begin_);
    auto const taken = std::min(rest.size(), into.size());
    std::copy_n(rest.begin(), taken, into.begin());
    unread_begin_ += taken;
    if (unread_begin_ == unread_.size()) {
        // Given back, not kept for the next time: an idle socket owns no buffer.
        Buffer().swap(unread_);
        unread_begin_ = 0;
    }
    return taken;
}

std::size_t UringSocket::take_piece(MutableBytes into) {
    Piece& piece = pieces_[next_piece_];
    auto const rest = rest_of(piece);
    auto const taken = std::min(rest.size(), into.size());
    std::copy_n(rest.begin(), taken, into.begin());
    piece.begin += static_cast<std::uint32_t>(taken);
    if (taken < rest.size()) return taken;
    uring_.ring().give_back(piece.buffer);
    ++next_piece_;
    if (next_piece_ == pieces_.size()) {
        pieces_.clear();
        next_piece_ = 0;
    }
    return taken;
}

Result<std::byte> UringSocket::peek() {
    if (!unread_.empty()) return unread_[unread_begin_];
    if (next_piece_ < pieces_.size()) return rest_of(pieces_[next_piece_]).front();
    if (end_) return *end_;
    return peek_in_kernel();
}

Result<std::size_t> UringSocket::send(Bytes data) {
    if (send_error_) return *send_error_;
    Buffer& outgoing = operations_->outgoing;
    // What the kernel is sending must stay where it is.
    if (says_goodbye_ && operations_->is_sending) {
        goodbye_.insert(goodbye_.end(), data.begin(), data.end());
        return data.size();
    }
    auto const room = says_goodbye_ ? data.size() : most_outgoing - outgoing.size();
    if (operations_->is_sending || room == 0) {
        wants_room_ = true;
        return Errc::would_block;
    }
    if (outgoing.capacity() == 0) outgoing = uring_.lend_buffer();
    auto const taken = data.first(std::min(data.size(), room));
    outgoing.insert(outgoing.end(), taken.begin(), taken.end());
    if (!std::exchange(will_send_, true)) uring_.will_send(*this);
    return taken.size();
}

void UringSocket::start_sending() {
    will_send_ = false;
    if (!operations_->outgoing.empty()) uring_.start_sending(*operations_);
}

void UringSocket::on_sent(int result) {
    Buffer& outgoing = operations_->outgoing;
    auto const sent = result > 0 ? static_cast<std::size_t>(result) : 0;
    if (result < 0) send_error_ = failure(-result);
    if (sent < outgoing.size() && !send_error_) {
        outgoing.erase(outgoing.begin(), outgoing.begin() + static_cast<std::ptrdiff_t>(sent));
        return uring_.start_sending(*operations_);
    }
    uring_.take_back(std::exchange(outgoing, std::exchange(goodbye_, {})));
    if (!outgoing.empty() && !send_error_) return uring_.start_sending(*operations_);
    if (will_finish_) finish_in_kernel();
    if (std::exchange(wants_room_, false) || send_error_) note_change();
}

void UringSocket::finish_sending() {
    hand_over();
    if (operations_->outgoing.empty())
        finish_in_kernel();
    else
        will_finish_ = true;
}

/// Before an end, which would overtake what waits for the end of the turn.
void UringSocket::hand_over() {
    Buffer& outgoing = operations_->outgoing;
    if (operations_->is_sending || outgoing.empty()) return;
    auto const sent = send_to_kernel(outgoing);
    if (!sent && sent.error() == Errc::would_block) return;
    if (sent && *sent < outgoing.size()) {
        outgoing.erase(outgoing.begin(), outgoing.begin() + static_cast<std::ptrdiff_t>(*sent));
        return;
    }
    uring_.take_back(std::exchange(outgoing, {}));
}

bool UringSocket::may_be_readable() const {
    return has_bytes() || end_ || !operations_->is_receiving;
}

void UringSocket::on_bytes(std::uint16_t buffer, std::uint32_t size) {
    if (pieces_.empty()) uring_.borrows(*this);
    pieces_.push_back({buffer, 0, size});
    note_change();
}

void UringSocket::on_end(int result) {
    if (result == 0)
        end_ = Errc::peer_closed;
    else if (result != -ENOBUFS && result != -ECANCELED)
        end_ = failure(-result);
    note_change();
}

void UringSocket::on_room() {
    set_writable(true);
    note_change();
}

void UringSocket::note_change() {
    if (!std::exchange(is_changed_, true)) uring_.changed(*this);
}

void UringSocket::tell() {
    is_changed_ = false;
    change();
}

MutableBytes UringSocket::rest_of(Piece const& piece) const {
    return uring_.ring().buffer(piece.buffer).subspan(piece.begin, piece.end - piece.begin);
}

void UringSocket::take_from_ring() {
    // A reader that never catches up must not leave behind all that it has read.
    unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(unread_begin_));
    unread_begin_ = 0;
    for (; next_piece_ < pieces_.size(); ++next_piece_) {
        Piece const& piece = pieces_[next_piece_];
        auto const rest = rest_of(piece);
        unread_.insert(unread_.end(), rest.begin(), rest.end());
        uring_.ring().give_back(piece.buffer);
    }
    pieces_.clear();
    next_piece_ = 0;
    if (unread_.size() >= enough) uring_.stop_receiving(*operations_);
}

void UringSocket::expect_bytes() {
    if (!has_bytes() && !end_) uring_.start_receiving(*operations_);
}

void UringSocket::expect_room() {
    uring_.await_room(*operations_);
}

}  // namespace sallyport::net
