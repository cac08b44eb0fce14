#include "tls/socket_bio.hpp"

#include <new>

namespace sallyport::tls {
namespace {

net::Socket& socket_of(BIO* bio) {
    return *static_cast<net::Socket*>(BIO_get_data(bio));
}

int read(BIO* bio, char* into, std::size_t size, std::size_t* got) {
    BIO_clear_retry_flags(bio);
    auto const received = socket_of(bio).receive(std::as_writable_bytes(std::span(into, size)));
    if (received) {
        *got = *received;
        return 1;
    }
    *got = 0;
    if (received.error() == Errc::would_block) {
        BIO_set_retry_read(bio);
        return -1;
    }
    // OpenSSL tells an end of file (0, and the flag) from an error (-1).
    if (received.error() != Errc::peer_closed) return -1;
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return 0;
}

int write(BIO* bio, char const* data, std::size_t size, std::size_t* written) {
    BIO_clear_retry_flags(bio);
    auto const sent = socket_of(bio).send(std::as_bytes(std::span(data, size)));
    *written = sent ? *sent : 0;
    if (sent) return 1;
    if (sent.error() == Errc::would_block) BIO_set_retry_write(bio);
    return -1;
}

long control(BIO* bio, int command, long, void*) {
    switch (command) {
        case BIO_CTRL_FLUSH:
            return 1;  // Nothing is kept back: success.
        case BIO_CTRL_EOF:
            return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
        default:
            return 0;
    }
}

BIO_METHOD* make_method() {
    BIO_METHOD* const method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sallyport socket");
    if (method == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(method, read);
    BIO_meth_set_write_ex(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
}

}  // namespace

BioPtr make_socket_bio(net::Socket& socket) {
    // One for the life of the program, like OpenSSL's own.
    static BIO_METHOD* const method = make_method();
    BioPtr bio(BIO_new(method));
    if (!bio) throw std::bad_alloc();
    BIO_set_data(bio.get(), &socket);
    BIO_set_init(bio.get(), 1);
    return bio;
}

}  // namespace sallyport::tls
