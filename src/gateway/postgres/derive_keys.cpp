#include "gateway/postgres/derive_keys.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <string.h>

namespace sallyport::gateway {
namespace {

using identity::ScramKeys;

/// Makes a text unreadable at the end of its scope.
class Wipe {
 public:
    explicit Wipe(std::string& text) : text_(text) {}
    Wipe(Wipe const&) = delete;
    Wipe& operator=(Wipe const&) = delete;
    ~Wipe() { explicit_bzero(text_.data(), text_.size()); }

 private:
    std::string& text_;
};

/// Shared by all workers. Two threads: a database with very many iterations must not take the
/// machine away from everybody else's logins.
boost::asio::thread_pool& threads() {
    static boost::asio::thread_pool pool(2);
    return pool;
}

/// The references are to the frame of the coroutine that waits for this one.
tls::Task<Result<ScramKeys>> derive(std::string const& password, std::string const& salt,
                                    std::uint32_t iterations) {
    co_return ScramKeys::derive(password, salt, iterations);
}

}  // namespace

tls::Task<Result<ScramKeys>> derive_keys(std::string password, std::string salt,
                                         std::uint32_t iterations) {
    Wipe const wipe(password);
    if (iterations <= max_iterations_in_place)
        co_return ScramKeys::derive(password, salt, iterations);
    auto derivation = derive(password, salt, iterations);
    co_return co_await boost::asio::co_spawn(threads(), std::move(derivation),
                                             boost::asio::use_awaitable);
}

}  // namespace sallyport::gateway
