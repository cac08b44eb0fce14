// PostgreSQL's frontend/backend protocol 3.0, as postgresql.org has it under "Message Flow" and
// "Message Formats": a trusted (or certified) account, simple queries.
#include "dialect.hpp"
#include "fault.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace load {

namespace {

constexpr std::uint32_t ssl_request = 80877103;
constexpr std::uint32_t protocol_3_0 = 3 << 16;
constexpr std::size_t length_field = 4;
constexpr char error = 'E';
constexpr char ready = 'Z';

std::string in_bytes(std::size_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
    return bytes;
}

class Postgres : public Dialect {
 public:
    void ask_for_tls(Channel& channel) const override {
        channel.send(in_bytes(2 * length_field) + in_bytes(ssl_request));
        char answer = 0;
        channel.read({&answer, 1});
        if (answer != 'S') fail("the database offers no TLS");
    }

    void log_in(Channel& channel, Account const& account) const override {
        std::string words;
        for (std::string const& word : {std::string("user"), account.user, std::string("database"),
                                        account.database, std::string()})
            words += word + '\0';
        channel.send(in_bytes(2 * length_field + words.size()) + in_bytes(protocol_3_0) + words);
        take_answer(channel);
    }

    void query(Channel& channel, std::string_view sql) const override {
        std::string message = 'Q' + in_bytes(length_field + sql.size() + 1);
        channel.send(message.append(sql) + '\0');
        take_answer(channel);
    }

    void say_goodbye(Channel& channel) const override {
        channel.send('X' + in_bytes(length_field));
    }

 private:
    /// Everything up to ReadyForQuery.
    static void take_answer(Channel& channel) {
        for (char kind = 0; kind != ready;) {
            std::array<char, 1 + length_field> header{};
            channel.read(header);
            kind = header[0];
            std::size_t size = 0;
            for (std::size_t i = 1; i < header.size(); ++i)
                size = size << 8 | static_cast<unsigned char>(header[i]);
            if (kind == error) refuse(channel, size - length_field);
            channel.skip(size - length_field);
        }
    }

    /// ErrorResponse: fields that each end with a zero byte.
    [[noreturn]] static void refuse(Channel& channel, std::size_t size) {
        std::string words(size, '\0');
        channel.read(words);
        std::replace(words.begin(), words.end(), '\0', ' ');
        fail("the database refuses: " + words);
    }
};

}  // namespace

std::unique_ptr<Dialect> make_postgres() {
    return std::make_unique<Postgres>();
}

}  // namespace load
