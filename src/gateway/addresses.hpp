// The addresses that this process listens at, each bound once.
//
// A reload may give the address of one door, or of the console, to another. The next one cannot be
// bound before the old one is closed, and closing first would leave a gap, and nothing to go back
// to. So the socket stays, and whoever is next takes it over.
#pragma once

#include "gateway/listener.hpp"

#include <memory>
#include <vector>

namespace sallyport::gateway {

class Addresses {
 public:
    explicit Addresses(boost::asio::io_context& context) : context_(context) {}

    /// The listener at `address`: a new one, or the one that serves somebody until now, and goes on
    /// doing so until it is started anew. It is closed when the last one lets go of it. Errors as
    /// Listener::bind's.
    Checked<std::shared_ptr<Listener>> listen(config::Address const& address);

 private:
    boost::asio::io_context& context_;
    std::vector<std::weak_ptr<Listener>> listeners_;
};

}  // namespace sallyport::gateway
