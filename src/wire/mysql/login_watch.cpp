#include "wire/mysql/login_watch.hpp"

namespace sallyport::mysql {
namespace {

constexpr std::byte ok_marker{0x00};
constexpr std::byte error_marker{0xff};

std::uint8_t sum(std::uint8_t left, std::uint8_t right) {
    return static_cast<std::uint8_t>(left + right);
}

std::uint8_t difference(std::uint8_t left, std::uint8_t right) {
    return static_cast<std::uint8_t>(left - right);
}

}  // namespace

LoginWatch::LoginWatch(std::uint8_t front_next, std::uint8_t back_next)
    : shift_(difference(front_next, back_next)), back_next_(back_next) {}

Result<LoginWatch::Outcome> LoginWatch::from_back(MutableBytes chunk) {
    while (!chunk.empty() && outcome_ == Outcome::pending) {
        auto const piece = back_.next(chunk);
        if (piece.ends_header) {
            if (back_.header().sequence != back_next_) return Errc::malformed;
            back_next_ = sum(back_next_, 1);
            if (auto const counted = count(back_.header()); !counted) return counted.error();
            auto const number = sum(back_.header().sequence, shift_);
            piece.bytes.back() = std::byte{number};
            turn_ = sum(number, 1);
        } else if (piece.starts_payload) {
            if (auto const judged = judge(piece); !judged) return judged.error();
        }
    }
    return outcome_;
}

Result<void> LoginWatch::from_front(MutableBytes chunk) {
    while (!chunk.empty() && outcome_ == Outcome::pending) {
        auto const piece = front_.next(chunk);
        if (!piece.ends_header) continue;
        if (!turn_) return Errc::unexpected_packet;
        if (front_.header().sequence != *turn_) return Errc::malformed;
        if (auto const counted = count(front_.header()); !counted) return counted.error();
        piece.bytes.back() = std::byte{difference(*turn_, shift_)};
        back_next_ = sum(difference(*turn_, shift_), 1);
        turn_.reset();
    }
    return {};
}

Result<void> LoginWatch::count(Header const& header) {
    ++packets_;
    bytes_ += header.length;
    if (packets_ > max_auth_packets || bytes_ > max_auth_bytes) return Errc::too_large;
    return {};
}

// The first byte decides. Servers put 0x01 in front of a plugin's message that begins with 0xff,
// 0xfe or 0x01 itself, so an ERR cannot be mistaken. A message that begins with 0x00 they send as
// it is (server_mpvio_write_packet in both servers' sql_acl.cc / sql_authentication.cc); clients'
// own plugins take that for the end as well, and no plugin that we know of sends one.
Result<void> LoginWatch::judge(PacketWalk::Piece const& piece) {
    auto const first = piece.bytes.front();
    if (first == ok_marker) {
        if (!front_.between_packets()) return Errc::unexpected_packet;
        outcome_ = Outcome::accepted;
    } else if (first == error_marker) {
        outcome_ = Outcome::refused;
        if (!piece.ends_packet) return {};
        if (auto error = read_error(piece.bytes))
            error_ = std::make_unique<ServerError const>(std::move(*error));
    }
    return {};
}

}  // namespace sallyport::mysql
