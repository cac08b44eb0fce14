// A TLS client without a socket: the test carries its bytes, and so decides how they are cut.
#pragma once

#include "base/bytes.hpp"
#include "support/sockets.hpp"
#include "tls/handles.hpp"

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace sallyport::test {

class MemoryClient {
 public:
    explicit MemoryClient(tls::SslPtr ssl)
        : ssl_(std::move(ssl)), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
        BIO_set_mem_eof_return(in_, -1);
        SSL_set_bio(ssl_.get(), in_, out_);
    }

    /// Goes on with the handshake; true once it is done.
    bool shake() { return SSL_do_handshake(ssl_.get()) == 1; }
    void give(Bytes bytes) { BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())); }
    /// All that it has to say since the last time, as one segment.
    Buffer take() {
        Buffer bytes(BIO_ctrl_pending(out_));
        if (!bytes.empty()) BIO_read(out_, bytes.data(), static_cast<int>(bytes.size()));
        return bytes;
    }

    /// Seals `text` into as few records as it fits in, to be taken.
    MemoryClient& say(std::string_view text) {
        while (!text.empty()) {
            int const sealed = SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
            if (sealed <= 0) throw std::runtime_error("nothing can be said any more");
            text.remove_prefix(static_cast<std::size_t>(sealed));
        }
        return *this;
    }
    MemoryClient& say_goodbye() {
        SSL_shutdown(ssl_.get());
        return *this;
    }
    /// Everything that can be read of what was given.
    Buffer open() {
        Buffer all;
        std::array<std::byte, 4096> part{};
        std::size_t got = 0;
        while (SSL_read_ex(ssl_.get(), part.data(), part.size(), &got) == 1)
            all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got));
        return all;
    }
    /// Said goodbye; false where the bytes merely stop.
    bool heard_goodbye() const {
        return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
    }

    /// The whole handshake with what is behind `wire`.
    void shake(Loop& loop, RawSocket& wire) {
        loop.until([&] {
            bool const done = shake();
            if (auto const said = take(); !said.empty()) wire.send(said);
            loop.settle();
            give(wire.receive());
            return done;
        });
    }

 private:
    tls::SslPtr ssl_;
    BIO* in_;   ///< owned by ssl_
    BIO* out_;  ///< owned by ssl_
};

}  // namespace sallyport::test
