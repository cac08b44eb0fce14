// MySQL's client/server protocol, as dev.mysql.com has it under "Connection Phase" and "Command
// Phase": capabilities of 4.1, empty passwords, text results that end with EOF packets.
#include "dialect.hpp"
#include "fault.hpp"

#include <array>
#include <cstdint>

namespace load {

namespace {

constexpr std::uint32_t connect_with_db = 1 << 3;
constexpr std::uint32_t protocol_41 = 1 << 9;
constexpr std::uint32_t ssl = 1 << 11;
constexpr std::uint32_t secure_connection = 1 << 15;
constexpr std::uint32_t plugin_auth = 1 << 19;
constexpr std::uint32_t capabilities =
    connect_with_db | protocol_41 | ssl | secure_connection | plugin_auth;
constexpr std::uint32_t max_packet = 1 << 24;
constexpr char utf8mb4 = 45;
constexpr std::size_t reserved = 23;

constexpr unsigned char ok = 0x00;
constexpr unsigned char end_or_switch = 0xFE;
constexpr unsigned char error = 0xFF;
/// An EOF packet is shorter than a row that begins with the same byte.
constexpr std::size_t longest_end = 8;
constexpr char com_quit = 0x01;
constexpr char com_query = 0x03;
/// What stands before an error's text: its mark, its code, '#' and its SQLSTATE.
constexpr std::size_t before_text = 9;

struct Packet {
    std::size_t size;
    char sequence;
    unsigned char first;  ///< of its payload; `ok` where that is empty
};

std::string in_bytes(std::uint32_t value, int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
    return bytes;
}

/// Before a login, and alone as an SSLRequest.
std::string login_head() {
    return in_bytes(capabilities, 4) + in_bytes(max_packet, 4) + utf8mb4 +
           std::string(reserved, '\0');
}

class MySQL : public Dialect {
 public:
    void ask_for_tls(Channel& channel) const override {
        auto const greeting = read_header(channel);
        std::string rest(greeting.size, '\0');
        channel.read(rest);
        send(channel, 1, login_head());
    }

    void log_in(Channel& channel, Account const& account) const override {
        std::string login = login_head() + account.user;
        login += '\0';
        login += '\0';  // An answer to the scramble, of no bytes.
        login += account.database + '\0' + "mysql_native_password" + '\0';
        send(channel, 2, login);
        auto answer = take(channel);
        if (answer.first == end_or_switch) {
            send(channel, static_cast<char>(answer.sequence + 1), {});
            answer = take(channel);
        }
        if (answer.first != ok) fail("the login was answered with something unknown");
    }

    /// Column definitions up to an EOF, rows up to another one (Text Resultset).
    void query(Channel& channel, std::string_view sql) const override {
        send(channel, 0, std::string(1, com_query).append(sql));
        if (take(channel).first == ok) return;
        for (int ends = 0; ends < 2;) {
            auto const packet = take(channel);
            if (packet.first == end_or_switch && packet.size <= longest_end) ++ends;
        }
    }

    void say_goodbye(Channel& channel) const override {
        send(channel, 0, std::string(1, com_quit));
    }

 private:
    static void send(Channel& channel, char sequence, std::string const& payload) {
        channel.send(in_bytes(static_cast<std::uint32_t>(payload.size()), 3) + sequence + payload);
    }

    static Packet read_header(Channel& channel) {
        std::array<char, 4> header{};
        channel.read(header);
        auto const byte = [&header](std::size_t at) {
            return static_cast<std::size_t>(static_cast<unsigned char>(header[at]));
        };
        return {byte(0) | byte(1) << 8 | byte(2) << 16, header[3], ok};
    }

    /// One packet, of which only the first byte is of interest; an error ends the program.
    static Packet take(Channel& channel) {
        auto packet = read_header(channel);
        if (packet.size == 0) return packet;
        char first = 0;
        channel.read({&first, 1});
        packet.first = static_cast<unsigned char>(first);
        if (packet.first == error) {
            std::string words(packet.size - 1, '\0');
            channel.read(words);
            fail("the database refuses: " + words.substr(std::min(before_text - 1, words.size())));
        }
        channel.skip(packet.size - 1);
        return packet;
    }
};

}  // namespace

std::unique_ptr<Dialect> make_mysql() {
    return std::make_unique<MySQL>();
}

}  // namespace load
