// Walks over the packets of one direction, however they are cut into chunks. Private to wire/mysql.
#pragma once

#include "wire/mysql/packet.hpp"

#include <algorithm>
#include <array>

namespace sallyport::mysql {

class PacketWalk {
 public:
    /// Bytes of one chunk that belong to one header or to one payload.
    struct Piece {
        MutableBytes bytes;
        bool ends_header = false;     ///< header() is known; the last byte is its sequence number
        bool starts_payload = false;  ///< the first byte is the payload's first
        bool ends_packet = false;     ///< nothing of the packet follows
    };

    /// Takes the next piece off the front of `chunk`, which must not be empty.
    Piece next(MutableBytes& chunk) {
        bool const in_header = filled_ < header_size;
        auto const wanted = in_header ? header_size - filled_ : left_;
        Piece piece{.bytes = chunk.first(std::min(wanted, chunk.size()))};
        chunk = chunk.subspan(piece.bytes.size());
        if (in_header)
            take_header(piece);
        else
            take_payload(piece);
        if (piece.ends_packet) filled_ = 0;
        return piece;
    }

    /// Of the packet that the latest piece belongs to, from `ends_header` on.
    Header const& header() const { return header_; }
    bool between_packets() const { return filled_ == 0; }

 private:
    void take_header(Piece& piece) {
        std::copy(piece.bytes.begin(), piece.bytes.end(), &bytes_[filled_]);
        filled_ += piece.bytes.size();
        piece.ends_header = filled_ == header_size;
        if (!piece.ends_header) return;
        header_ = read_header(bytes_);
        left_ = header_.length;
        piece.ends_packet = left_ == 0;
    }

    void take_payload(Piece& piece) {
        piece.starts_payload = left_ == header_.length;
        left_ -= piece.bytes.size();
        piece.ends_packet = left_ == 0;
    }

    std::array<std::byte, header_size> bytes_{};
    std::size_t filled_ = 0;  // bytes of the header so far; header_size within a payload
    std::size_t left_ = 0;    // bytes of the payload to come
    Header header_;
};

}  // namespace sallyport::mysql
