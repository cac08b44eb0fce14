#include "channel.hpp"

#include "fault.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace load {

namespace {

constexpr char server_name[] = "localhost";
constexpr char cipher[] = "TLS_AES_256_GCM_SHA384";
/// Seconds that an answer may take: a stuck peer ends the run, and does not hang it.
constexpr int patience = 60;

int connect_to(std::uint16_t port) {
    int const number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(number, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0)
        fail("connect");
    int const on = 1;
    ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    timeval const limit{.tv_sec = patience, .tv_usec = 0};
    ::setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return number;
}

/// SSL_CTX_sess_set_new_cb(3): keeps the ticket in the place that secure() named.
int keep_ticket(SSL* ssl, SSL_SESSION* session) {
    auto* place = static_cast<Ticket*>(SSL_get_app_data(ssl));
    if (place == nullptr) return 0;
    place->reset(session);
    return 1;
}

}  // namespace

Context make_context(Credentials const& credentials) {
    Context context(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(raw, cipher);
    SSL_CTX_set_read_ahead(raw, 1);
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(raw, keep_ticket);
    if (SSL_CTX_load_verify_file(raw, credentials.ca.c_str()) != 1) fail(credentials.ca);
    if (credentials.certificate.empty()) return context;
    auto const& [ca, certificate, key] = credentials;
    if (SSL_CTX_use_certificate_chain_file(raw, certificate.c_str()) != 1) fail(certificate);
    if (SSL_CTX_use_PrivateKey_file(raw, key.c_str(), SSL_FILETYPE_PEM) != 1) fail(key);
    return context;
}

Channel::Channel(std::uint16_t port)
    : socket_(connect_to(port)), buffer_(std::make_unique<std::array<char, record>>()) {}

Channel::~Channel() {
    if (ssl_) SSL_shutdown(ssl_.get());
    ERR_clear_error();
    ::close(socket_);
}

void Channel::secure(SSL_CTX& context, Ticket* ticket) {
    ssl_.reset(SSL_new(&context));
    SSL* ssl = ssl_.get();
    SSL_set_fd(ssl, socket_);
    SSL_set1_host(ssl, server_name);
    SSL_set_app_data(ssl, ticket);
    if (ticket != nullptr && *ticket) {
        // OpenSSL would use a ticket once only (RFC 8446 section C.4). Where a server hands out no
        // new one to a session that was resumed, the old one is to serve again.
        Ticket const copy(SSL_SESSION_dup(ticket->get()));
        SSL_set_session(ssl, copy.get());
    }
    if (SSL_connect(ssl) != 1) fail("the TLS handshake failed");
}

void Channel::send(std::string_view bytes) {
    if (ssl_) {
        if (SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0)
            fail("TLS send");
        return;
    }
    if (::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(bytes.size()))
        fail("send");
}

void Channel::read(std::span<char> into) {
    while (!into.empty()) {
        // Plain bytes are read as exactly as they are asked for: what follows them is TLS.
        if (!ssl_) {
            auto const size = ::recv(socket_, into.data(), into.size(), 0);
            if (size <= 0) fail("the connection ended");
            into = into.subspan(static_cast<std::size_t>(size));
            continue;
        }
        if (unread_.empty()) fill();
        auto const taken = unread_.copy(into.data(), into.size());
        unread_.remove_prefix(taken);
        into = into.subspan(taken);
    }
}

void Channel::skip(std::size_t size) {
    while (size > 0) {
        if (unread_.empty()) fill();
        auto const taken = std::min(size, unread_.size());
        unread_.remove_prefix(taken);
        size -= taken;
    }
}

void Channel::fill() {
    errno = 0;
    int const size = SSL_read(ssl_.get(), buffer_->data(), static_cast<int>(record));
    if (size <= 0) fail("the TLS connection ended");
    unread_ = {buffer_->data(), static_cast<std::size_t>(size)};
    if (counter_ != nullptr)
        counter_->fetch_add(static_cast<std::uint64_t>(size), std::memory_order_relaxed);
}

}  // namespace load
