// The least that a TLS-to-TLS relay can cost: OpenSSL, epoll, and nothing else. No policy, no
// limits, no log, no error messages, and no way to stop but a signal. A peer of the bench: what
// Sallyport costs above it is Sallyport's own doing.
//
//     floor mysql|postgres PORT DATABASE_PORT WORKERS CERTIFICATE KEY CA
//
// Both protocols agree in plain text that TLS comes next, so those bytes are passed on as they are,
// and then each leg becomes TLS. What it would need for real use is left out on purpose: it trusts
// that a message of the opening comes in one piece, and drops what a closed session still had to
// send.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

/// What the database's certificate is checked for.
constexpr char database_name[] = "localhost";
/// A whole TLS record (RFC 8446 section 5.1), so that one read empties it.
constexpr std::size_t record = 16384;
/// Bytes of the client's last plain message: MySQL's SSLRequest with its header.
constexpr std::size_t ssl_request_mysql = 36;
/// Events taken per epoll_wait().
constexpr int batch = 64;

[[noreturn]] void fail(char const* what) {
    std::perror(what);
    ERR_print_errors_fp(stderr);
    std::exit(1);
}

class Descriptor {
 public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }
    int get() const { return number_; }

 private:
    int number_;
};

struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

struct Setting {
    bool is_mysql;
    std::uint16_t port;
    std::uint16_t database_port;
    std::unique_ptr<SSL_CTX, Free> front;
    std::unique_ptr<SSL_CTX, Free> back;
};

struct Session;

struct Leg {
    Session& session;
    Descriptor socket;
    std::unique_ptr<SSL, Free> ssl = nullptr;
    /// What this leg could not take at once; while there is any, the other leg is not read.
    std::string unsent = {};
    std::uint32_t watched = 0;
};

enum class Phase {
    plain,  // the agreement on TLS passes through; MySQL's client or PostgreSQL's server ends it
    front_handshake,  // ends with the client's Finished
    back_handshake,   // the client may talk already, and is not read until the database's Finished
    relay,            // ends with either leg
};

struct Session {
    Session(Descriptor client, Descriptor database)
        : front{*this, std::move(client)}, back{*this, std::move(database)} {}

    Leg& other(Leg const& leg) { return &leg == &front ? back : front; }

    Leg front;
    Leg back;
    Phase phase = Phase::plain;
    bool has_ended = false;
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// One thread with an epoll set of its own. Every call on a session gives false when the session is
/// over.
class Worker {
 public:
    explicit Worker(Setting const& setting) : setting_(setting), epoll_(::epoll_create1(0)) {
        if (::pipe(accepted_.data()) != 0) fail("pipe");
        epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, accepted_[0], &event);
    }

    /// From another thread: the session of this client is yours.
    void give(int client) {
        if (::write(accepted_[1], &client, sizeof client) != sizeof client) fail("write");
    }

    [[noreturn]] void run() {
        std::array<epoll_event, batch> events;
        for (;;) {
            int const count = ::epoll_wait(epoll_.get(), events.data(), batch, -1);
            for (int i = 0; i < count; ++i) {
                auto const& event = events[static_cast<std::size_t>(i)];
                if (auto* leg = static_cast<Leg*>(event.data.ptr))
                    resume(*leg, event.events);
                else
                    accept();
            }
            // Only now, because a later event of the same batch may have been for the other leg.
            ended_.clear();
        }
    }

 private:
    void accept() {
        int client = -1;
        if (::read(accepted_[0], &client, sizeof client) != sizeof client) return;
        Descriptor front(client);
        Descriptor back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        auto const address = loopback(setting_.database_port);
        int const on = 1;
        ::setsockopt(front.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(back.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        // Over loopback it succeeds at once or is in progress; a refusal comes as an event.
        ::connect(back.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address);
        // It belongs to its two events from here on, until end() takes it back.
        auto* session = std::make_unique<Session>(std::move(front), std::move(back)).release();
        for (Leg* leg : {&session->front, &session->back}) watch(*leg, EPOLL_CTL_ADD, EPOLLIN);
    }

    void end(Session& session) {
        session.has_ended = true;
        // The leg that is still open hears that this was meant.
        for (Leg* leg : {&session.front, &session.back})
            if (leg->ssl) SSL_shutdown(leg->ssl.get());
        ERR_clear_error();
        ended_.emplace_back(&session);
    }

    void resume(Leg& leg, std::uint32_t events) {
        Session& session = leg.session;
        if (session.has_ended) return;
        if (!advance(session, leg, events)) end(session);
    }

    bool advance(Session& session, Leg& leg, std::uint32_t events) {
        switch (session.phase) {
            case Phase::plain:
                return pass_plain(session, leg);
            case Phase::front_handshake:
                return &leg == &session.front && open_front(session);
            case Phase::back_handshake:
                return &leg == &session.back && open_back(session);
            case Phase::relay:
                break;
        }
        if ((events & (EPOLLERR | EPOLLHUP)) != 0) return false;
        // What else it can do is reported again at the next turn.
        return (events & EPOLLOUT) != 0 ? flush(leg) : relay(leg, session.other(leg));
    }

    bool pass_plain(Session& session, Leg& leg) {
        bool const is_front = &leg == &session.front;
        // A client's ClientHello may be waiting behind its SSLRequest: leave it to OpenSSL.
        std::size_t const most =
            is_front && setting_.is_mysql ? ssl_request_mysql : scratch_.size();
        auto const size = ::recv(leg.socket.get(), scratch_.data(), most, 0);
        if (size <= 0) return false;
        auto const whole = static_cast<std::size_t>(size);
        if (::send(session.other(leg).socket.get(), scratch_.data(), whole, MSG_NOSIGNAL) != size)
            return false;
        if (is_front != setting_.is_mysql) return true;
        start(session.front, *setting_.front);
        SSL_set_accept_state(session.front.ssl.get());
        session.phase = Phase::front_handshake;
        return true;
    }

    bool open_front(Session& session) {
        if (!shake_hands(session.front)) return is_waiting_;
        watch(session.front, EPOLL_CTL_MOD, 0);
        SSL* ssl = start(session.back, *setting_.back);
        SSL_set1_host(ssl, database_name);
        SSL_set_connect_state(ssl);
        session.phase = Phase::back_handshake;
        return open_back(session);
    }

    bool open_back(Session& session) {
        if (!shake_hands(session.back)) return is_waiting_;
        session.phase = Phase::relay;
        watch(session.front, EPOLL_CTL_MOD, EPOLLIN);
        // The client's login may have come with its Finished, and then no event tells of it.
        return SSL_has_pending(session.front.ssl.get()) == 0 || relay(session.front, session.back);
    }

    SSL* start(Leg& leg, SSL_CTX& context) {
        leg.ssl.reset(SSL_new(&context));
        SSL_set_fd(leg.ssl.get(), leg.socket.get());
        return leg.ssl.get();
    }

    /// False where it is not done; then `is_waiting_` says whether it can still be. A flight of a
    /// handshake always fits into an empty socket buffer, so only reading is ever waited for.
    bool shake_hands(Leg& leg) {
        int const done = SSL_do_handshake(leg.ssl.get());
        is_waiting_ = done != 1 && SSL_get_error(leg.ssl.get(), done) == SSL_ERROR_WANT_READ;
        return done == 1;
    }

    /// One read where one record came: what OpenSSL holds is drained, the socket is not asked
    /// again.
    bool relay(Leg& from, Leg& to) {
        do {
            int const size = SSL_read(from.ssl.get(), scratch_.data(), static_cast<int>(record));
            if (size <= 0) return SSL_get_error(from.ssl.get(), size) == SSL_ERROR_WANT_READ;
            std::string_view const data(scratch_.data(), static_cast<std::size_t>(size));
            auto const taken = write(to, data);
            if (!taken) return false;
            if (*taken < data.size()) {
                to.unsent = data.substr(*taken);
                watch(from, EPOLL_CTL_MOD, from.watched & ~EPOLLIN);
                watch(to, EPOLL_CTL_MOD, to.watched | EPOLLOUT);
                return true;
            }
        } while (SSL_has_pending(from.ssl.get()) != 0);
        return true;
    }

    bool flush(Leg& to) {
        auto const taken = write(to, to.unsent);
        if (!taken) return false;
        to.unsent.erase(0, *taken);
        if (!to.unsent.empty()) return true;
        Leg& from = to.session.other(to);
        watch(to, EPOLL_CTL_MOD, to.watched & ~EPOLLOUT);
        watch(from, EPOLL_CTL_MOD, from.watched | EPOLLIN);
        return SSL_has_pending(from.ssl.get()) == 0 || relay(from, to);
    }

    /// How much the leg took; nothing where it is over.
    static std::optional<std::size_t> write(Leg& leg, std::string_view data) {
        std::size_t taken = 0;
        while (taken < data.size()) {
            auto const rest = data.substr(taken);
            int const size = SSL_write(leg.ssl.get(), rest.data(), static_cast<int>(rest.size()));
            if (size <= 0) {
                if (SSL_get_error(leg.ssl.get(), size) != SSL_ERROR_WANT_WRITE) return std::nullopt;
                break;
            }
            taken += static_cast<std::size_t>(size);
        }
        return taken;
    }

    void watch(Leg& leg, int change, std::uint32_t events) {
        leg.watched = events;
        epoll_event event{.events = events, .data = {.ptr = &leg}};
        ::epoll_ctl(epoll_.get(), change, leg.socket.get(), &event);
    }

    Setting const& setting_;
    Descriptor epoll_;
    std::array<int, 2> accepted_{};
    std::array<char, record> scratch_{};
    std::vector<std::unique_ptr<Session>> ended_;
    bool is_waiting_ = false;
};

/// The settings that cost or save CPU and memory: TLS 1.3 alone, one read per record, buffers that
/// go back when idle, and no session cache beside the one ticket that a client may resume with.
std::unique_ptr<SSL_CTX, Free> make_context(SSL_METHOD const* method) {
    std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(method));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_read_ahead(context.get(), 1);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 1);
    return context;
}

Setting read_setting(std::vector<char const*> const& words) {
    Setting setting{.is_mysql = words[1] == std::string_view("mysql"),
                    .port = static_cast<std::uint16_t>(std::atoi(words[2])),
                    .database_port = static_cast<std::uint16_t>(std::atoi(words[3])),
                    .front = make_context(TLS_server_method()),
                    .back = make_context(TLS_client_method())};
    if (SSL_CTX_use_certificate_chain_file(setting.front.get(), words[5]) != 1) fail(words[5]);
    if (SSL_CTX_use_PrivateKey_file(setting.front.get(), words[6], SSL_FILETYPE_PEM) != 1)
        fail(words[6]);
    if (SSL_CTX_load_verify_file(setting.back.get(), words[7]) != 1) fail(words[7]);
    SSL_CTX_set_verify(setting.back.get(), SSL_VERIFY_PEER, nullptr);
    return setting;
}

Descriptor listen_on(std::uint16_t port) {
    Descriptor listener(::socket(AF_INET, SOCK_STREAM, 0));
    int const on = 1;
    ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    auto const address = loopback(port);
    if (::bind(listener.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0)
        fail("bind");
    if (::listen(listener.get(), SOMAXCONN) != 0) fail("listen");
    return listener;
}

}  // namespace

int main(int count, char** words) {
    if (count != 8) {
        std::fputs("usage: floor mysql|postgres PORT DATABASE_PORT WORKERS CERTIFICATE KEY CA\n",
                   stderr);
        return 2;
    }
    // A leg whose other end is gone is found by what write() returns.
    std::signal(SIGPIPE, SIG_IGN);
    auto const setting = read_setting({words, words + count});
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::jthread> threads;
    for (int i = 0; i < std::max(1, std::atoi(words[4])); ++i) {
        auto& worker = *workers.emplace_back(std::make_unique<Worker>(setting));
        threads.emplace_back(&Worker::run, &worker);
    }
    auto const listener = listen_on(setting.port);
    // Dealt out in turn: with few connections an uneven share would be what is measured.
    for (std::size_t next = 0;; next = (next + 1) % workers.size()) {
        int const client = ::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK);
        if (client >= 0) workers[next]->give(client);
    }
}
