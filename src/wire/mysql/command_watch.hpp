// Follows the headers of what the client sends after login, just enough to see the few commands
// that concern the door (DESIGN section 4): KILL of one of our connection ids, COM_CHANGE_USER,
// COM_QUIT, ALTER INSTANCE RELOAD TLS and FLUSH SSL. Everything else costs a header read.
#pragma once

#include "base/bytes.hpp"
#include "wire/mysql/packet.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace sallyport::mysql {

/// Connection ids of our own greetings have this bit and none above it, so they never collide with
/// a backend's and always have ten digits.
inline constexpr std::uint32_t own_id_bit = 1U << 30;

class CommandWatch {
 public:
    /// Gives the backend's connection id for one of ours; nothing where there is none to give.
    using Translate = std::function<std::optional<std::uint32_t>(std::uint32_t ours)>;

    /// `compressed`: CLIENT_COMPRESS or CLIENT_ZSTD_COMPRESSION was agreed on; then only frames
    /// whose payload travels uncompressed are looked at. An empty `translate` leaves KILL alone.
    /// `query_attributes`: so was CLIENT_QUERY_ATTRIBUTES; then a COM_QUERY's text comes behind its
    /// parameters, and a query that has any is not looked at.
    CommandWatch(bool compressed, Translate translate, bool query_attributes = false);

    /// Bytes from the client, on their way to the database. Ids are changed in place, without
    /// changing any length. Returns how many of the bytes to pass on now; the caller keeps the rest
    /// (part of a header, or the start of a short command that may be one of ours: at most max_held
    /// bytes) and gives it back in front of the next chunk. What is kept is never a whole packet,
    /// so the database could not have acted on it; at the client's end it may be dropped.
    std::size_t from_front(MutableBytes chunk);
    /// Bytes from the database, on their way to the client: only looked at while an answer to a
    /// RELOAD is awaited. True when the database has just said OK to one.
    bool from_back(Bytes chunk);

    bool quit() const { return quit_; }
    /// The user of the latest COM_CHANGE_USER, once: the next call gives nothing.
    std::optional<std::string> take_changed_user();

    /// The longest command that is looked at, header included. A KILL or RELOAD that a client or a
    /// person writes is a tenth of it; MariaDB's longest user name (128 characters) has 384 bytes.
    static constexpr std::size_t max_held = 512;

 private:
    /// What goes over the wire as one: a packet, or under compression a frame of packets.
    struct Frame {
        std::size_t size = 0;  // header and payload
        std::uint8_t sequence = 0;
        bool readable = true;  // its payload is not compressed
    };
    /// What is known of the command that a frame begins with.
    enum class Finding {
        other,   // nothing that holds it up
        reload,  // a RELOAD, whole and alone
        more,    // cannot be told yet: hold it
    };

    Frame read_frame(Bytes bytes) const;
    bool begins_command(Frame const& frame) const;
    Finding examine_frame(Frame const& frame, MutableBytes available);
    Finding examine_packet(std::size_t size, MutableBytes available);
    Finding examine_query(std::size_t size, MutableBytes available);
    Finding examine_text(std::size_t size, MutableBytes available, std::size_t prefix);
    Finding examine_change_user(std::size_t size, Bytes available);
    void rewrite_kill(MutableBytes digits);
    void rewrite_process_kill(MutableBytes id);
    std::optional<std::uint32_t> translate(std::uint64_t id) const;
    bool says_ok(Bytes answer) const;

    Translate translate_;
    std::size_t frame_header_;  // bytes in front of a frame's payload
    std::size_t packet_at_;     // where in a frame its first packet begins
    bool query_attributes_;

    std::size_t skip_ = 0;  // bytes of the latest frame that are still to come
    bool wrapped_ = false;  // a frame numbered 0 continues the latest one
    bool back_spoke_last_ = true;
    bool awaiting_ = false;  // the answer to a RELOAD
    Buffer answer_;          // its first bytes
    bool quit_ = false;
    std::optional<std::string> changed_user_;
};

}  // namespace sallyport::mysql
