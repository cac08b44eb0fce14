#include "gateway/postgres/derive_keys.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/this_coro.hpp>
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

/// One thread beside each worker's own that ever needs it. A part of the io_context: what the
/// thread still has to do there after a result is done before the io_context is gone.
class KeyThread final : public boost::asio::execution_context::service {
 public:
    using key_type = KeyThread;
    inline static boost::asio::execution_context::id id;

    explicit KeyThread(boost::asio::execution_context& owner) : service(owner) {}

    boost::asio::thread_pool& pool() { return pool_; }

 private:
    void shutdown() override { pool_.join(); }

    boost::asio::thread_pool pool_{1};
};

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
    auto const executor = co_await boost::asio::this_coro::executor;
    auto& context = boost::asio::query(executor, boost::asio::execution::context);
    auto& thread = boost::asio::use_service<KeyThread>(context);
    auto derivation = derive(password, salt, iterations);
    co_return co_await boost::asio::co_spawn(thread.pool(), std::move(derivation),
                                             boost::asio::use_awaitable);
}

}  // namespace sallyport::gateway
