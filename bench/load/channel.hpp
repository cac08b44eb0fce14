// One connection of the load client: plain TCP first, TLS from a point that the protocol chooses.
// Blocking, because each connection under load has a thread of its own.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace load {

struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

using Context = std::unique_ptr<SSL_CTX, Free>;
/// The latest ticket that a connection has been given; empty before the first one.
using Ticket = std::unique_ptr<SSL_SESSION, Free>;

/// The files of a run's certificates, PEM; without a certificate none is shown.
struct Credentials {
    std::string ca;
    std::string certificate;
    std::string key;
};

/// TLS 1.3 with AES-256-GCM alone, the server's chain and name verified.
Context make_context(Credentials const& credentials);

class Channel {
 public:
    /// Connects to a port of 127.0.0.1.
    explicit Channel(std::uint16_t port);
    Channel(Channel const&) = delete;
    Channel& operator=(Channel const&) = delete;
    /// Takes leave with close_notify.
    ~Channel();

    /// Turns to TLS. With `ticket`, resumes by it where it is not empty, and keeps there what the
    /// server gives out; it must outlive the channel.
    void secure(SSL_CTX& context, Ticket* ticket);
    bool is_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

    void send(std::string_view bytes);
    /// Exactly as many bytes as `into` has.
    void read(std::span<char> into);
    void skip(std::size_t size);

    /// Every byte that comes from now on is counted there as it comes.
    void count_in(std::atomic<std::uint64_t>& counter) { counter_ = &counter; }

 private:
    void fill();

    /// A whole TLS record (RFC 8446 section 5.1), so that one read empties it.
    static constexpr std::size_t record = 16384;

    int socket_;
    std::unique_ptr<SSL, Free> ssl_;
    std::atomic<std::uint64_t>* counter_ = nullptr;
    std::unique_ptr<std::array<char, record>> buffer_;
    std::string_view unread_;
};

}  // namespace load
