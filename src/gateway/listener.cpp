#include "gateway/listener.hpp"

#include "base/log.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::gateway {
namespace {

std::string system_message(int error) {
    return error_code(error, boost::system::system_category()).message();
}

/// A socket file that nobody listens on any more is left over from a crash and may be removed.
void remove_stale(Endpoint const& endpoint, std::filesystem::path const& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    int const probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(probe, endpoint.get(), endpoint.size()) != 0 && errno == ECONNREFUSED)
        ::unlink(path.c_str());
    ::close(probe);
}

Checked<int> listen_on(config::Address const& address, Endpoint const& endpoint, int backlog) {
    int const descriptor =
        ::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int const on = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // "[::]:3306" is to mean IPv6, so that "0.0.0.0:3306" can be listed beside it.
    if (endpoint.family() == AF_INET6)
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (address.is_unix()) remove_stale(endpoint, address.socket);
    if (::bind(descriptor, endpoint.get(), endpoint.size()) == 0 &&
        ::listen(descriptor, backlog) == 0)
        return descriptor;
    int const error = errno;
    ::close(descriptor);
    return Fault{error == EADDRINUSE ? Errc::address_in_use : Errc::network,
                 {},
                 "cannot listen on " + address.to_string() + ": " + system_message(error),
                 error == EADDRINUSE ? "stop the other program, or choose another address" : ""};
}

}  // namespace

Checked<std::shared_ptr<Listener>> Listener::bind(boost::asio::io_context& context,
                                                  config::Address const& address) {
    std::string why;
    auto const endpoints = resolve(address, why);
    if (!endpoints)
        return Fault{Errc::network, {}, "cannot listen on " + address.to_string() + ": " + why, ""};
    auto const descriptor = listen_on(address, endpoints->front(), backlog);
    if (!descriptor) return descriptor.error();
    // Everybody on this host may come to the door; who passes is decided by the database.
    if (address.is_unix()) ::chmod(address.socket.c_str(), 0777);
    return std::shared_ptr<Listener>(new Listener(context, address, *descriptor));
}

Listener::Listener(boost::asio::io_context& context, config::Address address, int descriptor)
    : address_(std::move(address)), socket_(context, descriptor), pause_(context) {}

Listener::~Listener() {
    if (address_.is_unix()) ::unlink(address_.socket.c_str());
}

void Listener::start(Accepted accepted) {
    bool const is_waiting = accepted_ != nullptr;
    accepted_ = std::move(accepted);
    if (!is_waiting) wait();
}

void Listener::wait() {
    socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [weak = weak_from_this()](error_code error) {
                           auto const self = weak.lock();
                           if (self && !error) self->accept_all();
                       });
}

void Listener::accept_all() {
    for (;;) {
        int const descriptor =
            ::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            accepted_(descriptor);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return wait();
        // The client left before we came; or one of the network errors that accept(2) passes on.
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) continue;
        log::error("cannot accept",
                   {{"address", address_.to_string()}, {"reason", system_message(errno)}});
        pause_.expires_after(back_off);
        pause_.async_wait([weak = weak_from_this()](error_code error) {
            auto const self = weak.lock();
            if (self && !error) self->accept_all();
        });
        return;
    }
}

}  // namespace sallyport::gateway
