#include "gateway/health_check.hpp"

#include "gateway/drive.hpp"
#include "wire/mysql/opening.hpp"
#include "wire/proxy_header.hpp"

#include <cerrno>
#include <sys/socket.h>

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

tls::Task<Result<Buffer>> read_packet(tls::Stream& stream) {
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

HealthCheck::HealthCheck(tls::Poller& poller, Target const& target, std::size_t index,
                         std::chrono::milliseconds limit)
    : poller_(poller),
      target_(target),
      index_(index),
      clock_(poller.context(), limit, [this] { hang_up(); }) {}

void HealthCheck::hang_up() {
    is_cancelled_ = true;
    if (stream_) stream_->socket().hang_up();
}

Result<void> HealthCheck::failed(error_code const& error, std::string_view step) {
    why_ = std::string(step) + ": ";
    why_ += clock_.expired() ? "no answer in time" : error.message();
    return error;
}

tls::Task<Result<void>> HealthCheck::greet(Endpoint const& endpoint) {
    int const descriptor =
        ::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        co_return failed(error_code(errno, boost::system::system_category()), "connect");
    stream_.emplace(poller_, descriptor);
    if (is_cancelled_) co_return failed(Errc::timed_out, "connect");
    auto const connected = co_await stream_->socket().connect(endpoint.get(), endpoint.size);
    if (!connected) co_return failed(connected.error(), "connect");
    if (target_.settings.proxy_protocol) {
        auto const header = wire::write_local_proxy_header();
        auto const sent = co_await stream_->write_all(header);
        if (!sent) co_return failed(sent.error(), "PROXY header");
    }
    mysql::BackGreeting dialogue;
    auto const read = co_await drive(dialogue, *stream_);
    if (!read) co_return failed(read.error(), "greeting");
    if (dialogue.error()) {
        why_ = "greeting: " + dialogue.error()->message;
        co_return Errc::backend_refused;
    }
    greeting_ = dialogue.greeting();
    co_return Result<void>();
}

tls::Task<Result<void>> HealthCheck::log_in() {
    bool const use_tls = target_.tls && (greeting_.capabilities & mysql::capability::ssl) != 0;
    mysql::BackLogin login(login_of(target_.settings.health_user, greeting_), use_tls);
    auto asked = co_await drive(login, *stream_);
    if (asked && *asked == wire::Ask::start_tls) {
        tls::BackWish wish;
        wish.server_name = target_.server_name(index_);
        auto const secured = co_await secure(std::move(wish));
        if (!secured) co_return secured;
        asked = co_await drive(login, *stream_);
    }
    if (!asked) co_return failed(asked.error(), "login");
    co_return co_await await_verdict(login.next_sequence());
}

tls::Task<Result<void>> HealthCheck::await_verdict(std::uint8_t next_sequence) {
    auto answer = co_await read_packet(*stream_);
    if (answer && answer->front() == auth_switch) {
        // An empty answer: an account without a password is all that a health check needs.
        auto const reply = mysql::make_packet(static_cast<std::uint8_t>(next_sequence + 1), {});
        auto const sent = co_await stream_->write_all(reply);
        if (!sent) co_return failed(sent.error(), "login");
        answer = co_await read_packet(*stream_);
    }
    if (!answer) co_return failed(answer.error(), "login");
    if (answer->front() == ok) co_await stream_->write_all(as_bytes(quit));
    stream_->finish(true);
    co_return Result<void>();
}

tls::Task<bool> HealthCheck::accepts(std::string version, std::string cipher) {
    mysql::BackLogin login(login_of(target_.settings.health_user, greeting_), true);
    auto const asked = co_await drive(login, *stream_);
    if (!asked) co_return false;
    tls::BackWish wish;
    wish.server_name = target_.server_name(index_);
    wish.version = std::move(version);
    wish.cipher = std::move(cipher);
    auto const secured = co_await secure(std::move(wish));
    co_return secured.has_value();
}

tls::Task<Result<void>> HealthCheck::secure(tls::BackWish wish) {
    auto ssl = target_.tls->make_ssl(wish);
    if (!ssl) co_return failed(ssl.error(), "TLS");
    auto const agreed = co_await stream_->handshake(std::move(*ssl));
    if (agreed) co_return agreed;
    auto const failure = failed(agreed.error(), "TLS");
    if (!stream_->tls_error().empty()) why_ = "TLS: " + stream_->tls_error();
    co_return failure;
}

}  // namespace sallyport::gateway
