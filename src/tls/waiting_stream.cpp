#include "tls/waiting_stream.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::tls {
namespace {

/// The record type of a handshake (RFC 8446 section 5.1): what a ClientHello begins with.
constexpr unsigned char handshake_record = 0x16;
/// Of what a peer goes on sending after the end, so much is read.
constexpr std::size_t most_leftover = std::size_t{64} * 1024;

}  // namespace

WaitingStream::~WaitingStream() {
    ::close(descriptor_);
}

bool WaitingStream::wait(short events, Clock::time_point deadline) const {
    for (;;) {
        // Where no deadline is set, a minute at a time: poll(2) counts in int.
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(
            std::min<Clock::duration>(deadline - Clock::now(), std::chrono::minutes(1)));
        if (left.count() <= 0) return false;
        pollfd entry{descriptor_, events, 0};
        int const ready = ::poll(&entry, 1, static_cast<int>(left.count()));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

Result<bool> WaitingStream::begins_with_tls() {
    for (;;) {
        unsigned char first = 0;
        auto const got = ::recv(descriptor_, &first, 1, MSG_PEEK);
        if (got == 1) return first == handshake_record;
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) return Errc::peer_vanished;
        if (!wait(POLLIN, deadline_)) return Errc::timed_out;
    }
}

Result<void> WaitingStream::handshake(SslPtr ssl) {
    ssl_ = std::move(ssl);
    if (SSL_set_fd(ssl_.get(), descriptor_) != 1) return Errc::tls_failed;
    for (;;) {
        ERR_clear_error();
        int const returned = SSL_do_handshake(ssl_.get());
        if (returned == 1) return {};
        if (auto const again = retry(returned); !again) return again;
    }
}

Result<std::size_t> WaitingStream::read(MutableBytes into) {
    for (;;) {
        ERR_clear_error();
        std::size_t got = 0;
        int const returned = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
        if (returned == 1) return got;
        if (auto const again = retry(returned); !again) return again.error();
    }
}

Result<void> WaitingStream::write(Bytes data) {
    while (!data.empty()) {
        if (!ssl_) {
            auto const sent = ::send(descriptor_, data.data(), data.size(), MSG_NOSIGNAL);
            if (sent > 0)
                data = data.subspan(static_cast<std::size_t>(sent));
            else if (errno != EAGAIN && errno != EINTR)
                return Errc::peer_vanished;
            else if (!wait(POLLOUT, deadline_))
                return Errc::timed_out;
            continue;
        }
        ERR_clear_error();
        std::size_t sent = 0;
        int const returned = SSL_write_ex(ssl_.get(), data.data(), data.size(), &sent);
        if (returned == 1)
            data = data.subspan(sent);
        else if (auto const again = retry(returned); !again)
            return again;
    }
    return {};
}

bool WaitingStream::waits_for_input(Clock::time_point deadline) {
    bool const is_here = ssl_ && SSL_has_pending(ssl_.get()) == 1;
    return is_here || wait(POLLIN, std::min(deadline, deadline_));
}

void WaitingStream::finish() {
    if (ssl_ && SSL_is_init_finished(ssl_.get()) == 1) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    ::shutdown(descriptor_, SHUT_WR);
    std::array<std::byte, 4096> rest;
    for (std::size_t taken = 0; taken < most_leftover;) {
        auto const got = ::recv(descriptor_, rest.data(), rest.size(), 0);
        if (got == 0) return;
        if (got > 0)
            taken += static_cast<std::size_t>(got);
        else if ((errno != EAGAIN && errno != EINTR) || !wait(POLLIN, deadline_))
            return;
    }
}

Result<void> WaitingStream::retry(int returned) {
    auto const again = [this](short events) -> Result<void> {
        if (!wait(events, deadline_)) return Errc::timed_out;
        return {};
    };
    switch (SSL_get_error(ssl_.get(), returned)) {
        case SSL_ERROR_WANT_READ:
            return again(POLLIN);
        case SSL_ERROR_WANT_WRITE:
            return again(POLLOUT);
        case SSL_ERROR_ZERO_RETURN:
            return Errc::peer_closed;
        case SSL_ERROR_SYSCALL:
            ERR_clear_error();
            return Errc::peer_vanished;
        default:
            ERR_clear_error();
            return Errc::tls_failed;
    }
}

}  // namespace sallyport::tls
