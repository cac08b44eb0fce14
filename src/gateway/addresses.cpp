#include "gateway/addresses.hpp"

#include "config/address.hpp"

namespace sallyport::gateway {

Checked<std::shared_ptr<Listener>> Addresses::listen(config::Address const& address) {
    std::erase_if(listeners_, [](auto const& listener) { return listener.expired(); });
    for (auto const& known : listeners_)
        if (auto listener = known.lock(); listener->address() == address) return listener;
    auto bound = Listener::bind(context_, address);
    if (bound) {
        listeners_.push_back(*bound);
        return *bound;
    }
    auto fault = bound.error();
    for (auto const& known : listeners_) {
        auto const listener = known.lock();
        auto const& own = listener->address();
        if (fault.code == Errc::address_in_use && config::share_a_port(own, address))
            fault.hint = "sallyport itself listens on " + own.to_string() +
                         ": move to another port first and here with the next reload, or restart";
    }
    return fault;
}

}  // namespace sallyport::gateway
