// A database that the test plays, message by message, at the other end of a connection that the
// tested code makes.
#pragma once

#include "gateway/postgres/message_io.hpp"
#include "gateway/world.hpp"
#include "support/addresses.hpp"
#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace sallyport::gateway::test {

using namespace sallyport::test;

class Database {
 public:
    explicit Database(Loop& loop) : loop_(loop) {
        endpoint_ = Endpoint(listener_->address(), listener_->address_size());
    }

    Endpoint const& endpoint() const { return endpoint_; }
    /// A backend at this address, whose certificate is that of the test CA.
    std::shared_ptr<Target> target(config::SslMode mode) const {
        auto target = std::make_shared<Target>();
        target->settings = backend_at("orders", tcp_address("127.0.0.1"));
        target->settings.protocol = config::Protocol::postgres;
        target->settings.ssl_mode = mode;
        if (mode != config::SslMode::disabled) target->tls = back_context();
        return target;
    }

    void accept() {
        loop_.settle();
        stream_.emplace(*loop_, listener_->accept().release());
    }
    /// TLS as the server, with ALPN as PostgreSQL has it.
    void secure() { ASSERT_TRUE(is_secured()); }
    bool is_secured() {
        auto settings = front_settings();
        settings.alpn = "postgresql";
        tls::TicketKeys tickets;
        auto const context = tls::FrontContext::make(settings, tickets).value();
        return loop_.run(stream_->handshake(context->make_ssl())).has_value();
    }
    void close() { stream_->finish(true); }
    /// Closes without a word.
    void drop() { stream_.reset(); }
    void stop_listening() { listener_.reset(); }
    /// Waits until the client has finished, and says how it did.
    error_code await_end() {
        Buffer one(1);
        return loop_.run(stream_->read_exact(one)).error();
    }

    Buffer read(std::size_t size) {
        Buffer bytes(size);
        loop_.run(stream_->read_exact(bytes)).value();
        return bytes;
    }
    /// A packet of those that have no type.
    Buffer read_opening() {
        auto packet = read(postgres::opening_head_size);
        auto const rest = read(postgres::read_opening_head(packet).length - packet.size());
        packet.insert(packet.end(), rest.begin(), rest.end());
        return packet;
    }
    Message read_message() { return loop_.run(gateway::read_message(*stream_, 100'000)).value(); }
    void send(Buffer const& bytes) { loop_.run(stream_->write_all(bytes)).value(); }
    void send(std::string_view text) { send(Buffer(as_bytes(text).begin(), as_bytes(text).end())); }
    void say(char type, Bytes body = {}) { send(postgres::make_message(type, body)); }
    void say_error(std::string const& message) {
        postgres::ServerError error;
        error.code = "28000";
        error.message = message;
        send(postgres::write_error(error));
    }

    tls::Stream& stream() { return *stream_; }

 private:
    Loop& loop_;
    std::optional<TcpListener> listener_{std::in_place};
    Endpoint endpoint_;
    std::optional<tls::Stream> stream_;
};

}  // namespace sallyport::gateway::test
