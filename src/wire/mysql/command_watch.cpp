#include "wire/mysql/command_watch.hpp"

#include "wire/mysql/statement.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace sallyport::mysql {
namespace {

// Source: dev.mysql.com, Client/Server Protocol, "Command Phase".
constexpr std::uint8_t com_quit = 0x01;
constexpr std::uint8_t com_query = 0x03;
constexpr std::uint8_t com_process_kill = 0x0c;
constexpr std::uint8_t com_change_user = 0x11;
constexpr std::uint8_t com_stmt_prepare = 0x16;
constexpr std::size_t command_size = 1;
constexpr std::size_t id_size = 4;

// Under compression: 3 bytes compressed length, 1 byte sequence number, 3 bytes length before
// compression, or 0 where the payload is not compressed (those under 50 bytes never are).
// Source: the same, "Compression".
constexpr std::size_t compressed_header_size = 7;

constexpr std::uint8_t last_sequence = 255;

// In front of a query's text where attributes were agreed on and there are none: no parameters, in
// one set of them.
constexpr std::size_t no_attributes_size = 2;

}  // namespace

CommandWatch::CommandWatch(bool compressed, Translate translate, bool query_attributes)
    : translate_(std::move(translate)),
      frame_header_(compressed ? compressed_header_size : header_size),
      packet_at_(compressed ? compressed_header_size : 0),
      query_attributes_(query_attributes) {}

std::size_t CommandWatch::from_front(MutableBytes chunk) {
    std::size_t passed = 0;
    bool reload = false;
    while (true) {
        auto const skipped = std::min(skip_, chunk.size() - passed);
        skip_ -= skipped;
        passed += skipped;
        auto const available = chunk.subspan(passed);
        if (available.size() < frame_header_) break;

        auto const frame = read_frame(available);
        if (begins_command(frame)) {
            auto const finding = examine_frame(frame, available);
            if (finding == Finding::more) break;
            reload = finding == Finding::reload && frame.size == chunk.size();
        }
        // Only a stream of data passes 255 and goes on. An empty packet ends such a stream.
        bool const empty = frame.readable && frame.size == packet_at_ + header_size;
        wrapped_ = frame.sequence == last_sequence && !empty;
        skip_ = frame.size;
    }
    if (passed > 0) {
        // An answer can be told from others' only where the RELOAD was asked alone.
        awaiting_ = reload && back_spoke_last_;
        answer_.clear();
        back_spoke_last_ = false;
    }
    return passed;
}

bool CommandWatch::from_back(Bytes chunk) {
    back_spoke_last_ = true;
    if (!awaiting_) return false;
    auto const wanted = packet_at_ + header_size + 1;
    auto const taken = chunk.first(std::min(chunk.size(), wanted - answer_.size()));
    answer_.insert(answer_.end(), taken.begin(), taken.end());
    if (answer_.size() < wanted) return false;
    awaiting_ = false;
    return says_ok(answer_);
}

std::optional<std::string> CommandWatch::take_changed_user() {
    return std::exchange(changed_user_, std::nullopt);
}

CommandWatch::Frame CommandWatch::read_frame(Bytes bytes) const {
    auto const header = read_header(bytes);
    bool const compressed = packet_at_ > 0;
    bool const readable = !compressed || Reader(bytes.subspan(header_size)).u24le() == 0;
    return {
        .size = frame_header_ + header.length, .sequence = header.sequence, .readable = readable};
}

// Sequence numbers restart at 0 with each command. The packets of LOAD DATA LOCAL and of payloads
// over 16 MiB are numbered on, and may come round to 0.
bool CommandWatch::begins_command(Frame const& frame) const {
    return frame.sequence == 0 && !wrapped_ && frame.readable;
}

CommandWatch::Finding CommandWatch::examine_frame(Frame const& frame, MutableBytes available) {
    auto const least = packet_at_ + header_size + command_size;
    if (frame.size < least) return Finding::other;
    if (available.size() < least) return Finding::more;
    auto const header = read_header(available.subspan(packet_at_));
    auto const size = header_size + header.length;
    // A packet that the frame does not hold whole is over 50 bytes, and none of ours.
    bool const whole = packet_at_ + size <= frame.size;
    if (header.sequence != 0 || header.length == 0 || !whole) return Finding::other;
    auto const packet = available.subspan(packet_at_);
    auto const finding = examine_packet(size, packet.first(std::min(size, packet.size())));
    bool const alone = packet_at_ + size == frame.size;
    return finding == Finding::reload && !alone ? Finding::other : finding;
}

/// `available` is what has come, at least a command, of a packet of `size` bytes.
CommandWatch::Finding CommandWatch::examine_packet(std::size_t size, MutableBytes available) {
    switch (std::to_integer<std::uint8_t>(available[header_size])) {
        case com_quit:
            quit_ = quit_ || size == header_size + command_size;
            return Finding::other;
        case com_query:
            return examine_query(size, available);
        case com_stmt_prepare: {
            // A RELOAD takes effect only when it is executed, and its answer is another one.
            auto const finding = examine_text(size, available, 0);
            return finding == Finding::reload ? Finding::other : finding;
        }
        case com_change_user:
            return examine_change_user(size, available);
        case com_process_kill:
            if (size != header_size + command_size + id_size) return Finding::other;
            if (available.size() < size) return Finding::more;
            rewrite_process_kill(available.last(id_size));
            return Finding::other;
        default:
            return Finding::other;
    }
}

CommandWatch::Finding CommandWatch::examine_query(std::size_t size, MutableBytes available) {
    if (packet_at_ + size > max_held) return Finding::other;
    if (!query_attributes_) return examine_text(size, available, 0);
    auto const text = available.subspan(header_size + command_size);
    bool const whole = available.size() == size;
    if (text.size() < no_attributes_size) return whole ? Finding::other : Finding::more;
    bool const none = text[0] == std::byte{0} && text[1] == std::byte{1};
    return none ? examine_text(size, available, no_attributes_size) : Finding::other;
}

/// `prefix`: bytes between the command and its text.
CommandWatch::Finding CommandWatch::examine_text(std::size_t size, MutableBytes available,
                                                 std::size_t prefix) {
    if (packet_at_ + size > max_held) return Finding::other;
    bool const whole = available.size() == size;
    auto const text = available.subspan(header_size + command_size + prefix);
    if (!whole) return may_become_ours(as_text(text)) ? Finding::more : Finding::other;

    auto const statement = recognise(as_text(text));
    if (statement.kind == Statement::Kind::kill) {
        auto const at = statement.number.data() - as_text(text).data();
        rewrite_kill(text.subspan(static_cast<std::size_t>(at), statement.number.size()));
    }
    return statement.kind == Statement::Kind::reload ? Finding::reload : Finding::other;
}

CommandWatch::Finding CommandWatch::examine_change_user(std::size_t size, Bytes available) {
    auto const longest = std::min(size, max_held - packet_at_);
    available = available.first(std::min(available.size(), longest));
    auto const text = as_text(available.subspan(header_size + command_size));
    auto const end = text.find('\0');
    if (end == text.npos && available.size() < longest) return Finding::more;
    changed_user_ = text.substr(0, end);
    return Finding::other;
}

std::optional<std::uint32_t> CommandWatch::translate(std::uint64_t id) const {
    bool const ours = id >> 30U == 1;
    if (!ours || !translate_) return std::nullopt;
    return translate_(static_cast<std::uint32_t>(id));
}

void CommandWatch::rewrite_kill(MutableBytes digits) {
    auto* const begin = reinterpret_cast<char*>(digits.data());
    auto* const end = begin + digits.size();
    std::uint64_t id = 0;
    // Our ids always have as many digits as any id has at most, so a backend's fits in the place.
    constexpr std::size_t own_digits = 10;
    if (digits.size() != own_digits || std::from_chars(begin, end, id).ec != std::errc{}) return;
    auto const theirs = translate(id);
    if (!theirs) return;
    auto const written = std::to_chars(begin, end, *theirs);
    std::fill(written.ptr, end, ' ');
}

void CommandWatch::rewrite_process_kill(MutableBytes id) {
    auto const theirs = translate(Reader(id).u32le());
    if (!theirs) return;
    Buffer bytes;
    Writer(bytes).u32le(*theirs);
    std::copy(bytes.begin(), bytes.end(), id.begin());
}

bool CommandWatch::says_ok(Bytes answer) const {
    if (!read_frame(answer).readable) return false;
    auto const packet = answer.subspan(packet_at_);
    return read_header(packet).sequence == 1 && packet[header_size] == std::byte{0};
}

}  // namespace sallyport::mysql
