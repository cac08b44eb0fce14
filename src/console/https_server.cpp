#include "console/https_server.hpp"

#include "base/log.hpp"

#include <exception>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace sallyport::console {
namespace {

using Clock = tls::WaitingStream::Clock;

/// For the handshake, whose first message is there already: what remains is a round trip and two
/// signatures.
constexpr std::chrono::seconds handshake_limit{2};
/// For the last bytes on their way, in both directions, after the answer.
constexpr std::chrono::milliseconds linger_limit{1000};

constexpr std::string_view https_only =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 29\r\nConnection: close\r\n\r\nThis port speaks HTTPS only.\n";

}  // namespace

HttpsServer::HttpsServer() {
    // First: it may throw, and threads that run cannot be dropped.
    room_ = std::make_unique<WaitingRoom>([this](int descriptor) { enqueue(descriptor); });
    for (std::size_t i = 0; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

HttpsServer::~HttpsServer() {
    room_.reset();
    {
        std::lock_guard const lock(mutex_);
        is_stopping_ = true;
        for (int const descriptor : under_way_) ::shutdown(descriptor, SHUT_RDWR);
        for (int const descriptor : waiting_) ::close(descriptor);
    }
    changed_.notify_all();
    for (auto& worker : workers_) worker.join();
}

void HttpsServer::show(std::shared_ptr<Face const> face) {
    std::lock_guard const lock(mutex_);
    face_ = std::move(face);
}

void HttpsServer::adopt(int descriptor) {
    room_->admit(descriptor);
}

void HttpsServer::enqueue(int descriptor) {
    {
        std::lock_guard const lock(mutex_);
        if (!face_ || waiting_.size() >= max_waiting) {
            ::close(descriptor);
            return;
        }
        waiting_.push_back(descriptor);
    }
    changed_.notify_one();
}

bool HttpsServer::must_leave(bool& is_leaving) {
    std::lock_guard const lock(mutex_);
    if (!is_leaving && waiting_.size() > resting_ + leaving_) {
        is_leaving = true;
        ++leaving_;
    }
    return is_leaving || is_stopping_;
}

void HttpsServer::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++resting_;
        changed_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
        --resting_;
        if (is_stopping_) return;
        int const descriptor = waiting_.front();
        waiting_.pop_front();
        under_way_.insert(descriptor);
        auto const face = face_;
        bool is_leaving = false;
        lock.unlock();
        {
            tls::WaitingStream stream(descriptor);
            try {
                serve(stream, *face, is_leaving);
            } catch (std::exception const& error) {
                // One connection's bug must not take the gateway down.
                log::error("console connection failed", {{"reason", error.what()}});
            }
            // Before it is closed: the number may belong to somebody else right after.
            lock.lock();
            under_way_.erase(descriptor);
            if (is_leaving) --leaving_;
            lock.unlock();
        }
        lock.lock();
    }
}

void HttpsServer::serve(tls::WaitingStream& stream, Face const& face, bool& is_leaving) {
    stream.set_deadline(Clock::now() + handshake_limit);
    auto const is_tls = stream.begins_with_tls();
    if (!is_tls) return;
    if (!*is_tls) {
        static_cast<void>(stream.write(as_bytes(https_only)));
    } else {
        if (!stream.handshake(face.tls->make_ssl())) {
            stream.set_deadline(Clock::now() + linger_limit);
            stream.finish();  // lets the alert arrive
            return;
        }
        serve_http(stream, face.respond, [&] { return must_leave(is_leaving); });
    }
    stream.set_deadline(Clock::now() + (is_leaving ? yield_interval : linger_limit));
    stream.finish();
}

}  // namespace sallyport::console
