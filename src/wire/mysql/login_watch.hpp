// Follows the authentication that is relayed between client and database, until the database has
// said yes or no. Needs no knowledge of the plugins: AuthSwitchRequest, AuthMoreData (fast and full
// paths of caching_sha2_password), and dialogues of many rounds are only packets that pass.
//
// Where one leg is TLS and the other is not, the sequence numbers of the legs differ by one
// (an SSLRequest takes a number): they are shifted in place.
#pragma once

#include "base/bytes.hpp"
#include "base/errc.hpp"
#include "wire/mysql/messages.hpp"
#include "wire/mysql/packet_walk.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace sallyport::mysql {

/// A PAM dialogue of 100 questions takes 200 packets. Below 256 less the greeting, SSLRequest and
/// login, the sequence numbers do not come round: no packet of an authentication is numbered 0,
/// which is the number of a command.
inline constexpr std::size_t max_auth_packets = 250;
/// A Kerberos ticket has at most 64 KiB (Windows' MaxTokenSize); eight of them each way.
inline constexpr std::size_t max_auth_bytes = 2 * 8 * 64 * 1024;

class LoginWatch {
 public:
    enum class Outcome {
        pending,   ///< the database has not decided; ends with its OK or ERR
        accepted,  ///< OK: commands follow
        refused,   ///< ERR: the database closes
    };

    /// `front_next` and `back_next`: the sequence number that the next packet towards the client,
    /// and the next one from the database, carries (FrontOpening's and BackLogin's next_sequence).
    LoginWatch(std::uint8_t front_next, std::uint8_t back_next);

    /// Bytes on their way from the database to the client; sequence numbers are changed in place.
    /// What follows the packet that decides is left as it is, in this chunk and in later ones.
    /// Fails with malformed where a packet is not numbered as the next one, with too_large when an
    /// authentication is longer than any plugin's, and with unexpected_packet when the database
    /// accepts a client that is still speaking.
    Result<Outcome> from_back(MutableBytes chunk);
    /// Bytes on their way from the client to the database, likewise. A client speaks when it is
    /// spoken to, one packet at a time: fails with unexpected_packet where it runs ahead, with
    /// malformed where its number is not the next one. So no command is slipped in behind an
    /// answer, to be carried out unseen once the database has said yes.
    Result<void> from_front(MutableBytes chunk);

    Outcome outcome() const { return outcome_; }
    /// What the database refused with, as far as it arrived in one chunk; null: nothing.
    ServerError const* error() const { return error_.get(); }

 private:
    Result<void> count(Header const& header);
    Result<void> judge(PacketWalk::Piece const& piece);

    PacketWalk front_;
    PacketWalk back_;
    std::uint8_t shift_;                // front number = back number + shift, modulo 256
    std::uint8_t back_next_;            // the number of the database's next packet
    std::optional<std::uint8_t> turn_;  // the number of the answer that the client owes
    std::size_t packets_ = 0;
    std::size_t bytes_ = 0;
    Outcome outcome_ = Outcome::pending;
    std::unique_ptr<ServerError const> error_;  ///< apart: most sessions never have one
};

}  // namespace sallyport::mysql
