#include "gateway/drive.hpp"
#include "gateway/mysql/dialogue.hpp"

namespace sallyport::gateway {
namespace {

constexpr std::byte ok{0x00};
constexpr std::byte auth_switch{0xfe};
/// COM_QUIT with its header.
constexpr std::string_view quit{"\x01\0\0\0\x01", 5};

mysql::Login login_of(std::string const& user, mysql::Greeting const& greeting) {
    mysql::Login login;
    login.head.capabilities = mysql::capability::protocol_41 |
                              mysql::capability::secure_connection |
                              (greeting.capabilities & mysql::capability::plugin_auth);
    login.head.max_packet = mysql::max_payload;
    login.head.charset = greeting.charset;
    login.user = user;
    login.plugin = mysql::auth_switch_plugin;
    return login;
}

net::Task<Result<Buffer>> read_packet(tls::Stream& stream) {
    Buffer bytes(mysql::header_size);
    auto const got_header = co_await stream.read_exact(bytes);
    if (!got_header) co_return got_header.error();
    auto const length = mysql::read_header(bytes).length;
    if (length == 0 || length > mysql::max_greeting) co_return Errc::malformed;
    bytes.resize(length);
    auto const got_payload = co_await stream.read_exact(bytes);
    if (!got_payload) co_return got_payload.error();
    co_return bytes;
}

}  // namespace

net::Task<Result<void>> MysqlHealthDialogue::greet(tls::Stream& stream) {
    auto const greeted = co_await dialogue_.greet(stream);
    if (greeted) dialogue_.set_login(login_of(user_, dialogue_.greeting()));
    co_return greeted;
}

net::Task<Result<void>> MysqlHealthDialogue::await_verdict(tls::Stream& stream) {
    auto answer = co_await read_packet(stream);
    if (answer && answer->front() == auth_switch) {
        // An empty answer: an account without a password is all that a health check needs.
        auto const number = static_cast<std::uint8_t>(dialogue_.next_sequence() + 1);
        auto const reply = mysql::make_packet(number, {});
        auto const sent = co_await stream.write_all(reply);
        if (!sent) co_return sent.error();
        answer = co_await read_packet(stream);
    }
    if (!answer) co_return answer.error();
    if (answer->front() == ok) co_await stream.write_all(as_bytes(quit));
    co_return Result<void>();
}

}  // namespace sallyport::gateway
