// A socket that receives when it is told of an edge, and remembers what the edges said.
#pragma once

#include "net/epoll_loop.hpp"
#include "net/socket.hpp"

namespace sallyport::net {

class EpollSocket final : public Socket, private EdgeHandler {
 public:
    EpollSocket(EpollLoop& loop, int descriptor);
    ~EpollSocket() override;

    Result<std::size_t> receive(MutableBytes into) override;
    Result<std::byte> peek() override;
    Result<std::size_t> send(Bytes data) override;
    void finish_sending() override { finish_in_kernel(); }
    bool may_be_readable() const override { return readable_ || hung_up(); }

 private:
    void begin() override;
    // Every edge is reported, wanted or not.
    void expect_bytes() override {}
    void expect_room() override {}
    void on_edge(unsigned events) override;

    EpollLoop& epoll_;
    bool readable_ = true;  ///< false after the kernel said, or showed by a short read, "empty"
    bool closing_ = false;  ///< FIN or an error was reported: a short read is not the last word
};

}  // namespace sallyport::net
