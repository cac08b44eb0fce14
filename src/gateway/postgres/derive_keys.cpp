#include "gateway/postgres/derive_keys.hpp"

#include "net/loop.hpp"
#include "net/wakeup.hpp"

#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

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

/// One thread beside each worker's own that ever needs it. A part of the loop: what the thread
/// still has to do there after a result is done before the loop is gone.
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

/// What the thread works on: both sides' own, because either may be gone before the other.
struct Derivation {
    Derivation(net::Loop& loop, std::string secret, std::string its_salt, std::uint32_t count)
        : password(std::move(secret)), salt(std::move(its_salt)), iterations(count), wakeup(loop) {}

    std::string password;
    Wipe wipe{password};
    std::string salt;
    std::uint32_t iterations;
    Result<ScramKeys> keys = Errc::malformed;
    net::Wakeup wakeup;  ///< on the loop's thread
};

}  // namespace

net::Task<Result<ScramKeys>> derive_keys(std::string password, std::string salt,
                                         std::uint32_t iterations) {
    Wipe const wipe(password);
    if (iterations <= max_iterations_in_place)
        co_return ScramKeys::derive(password, salt, iterations);
    auto const executor = co_await boost::asio::this_coro::executor;
    auto& loop = executor.loop();
    auto const work = std::make_shared<Derivation>(loop, password, std::move(salt), iterations);
    auto derive = [work, &loop] {
        work->keys = ScramKeys::derive(work->password, work->salt, work->iterations);
        loop.post(net::Job([work] { work->wakeup.wake(); }));
    };
    // The answer's job can be done only after this coroutine sleeps: both are on this thread.
    boost::asio::post(boost::asio::use_service<KeyThread>(loop).pool(), std::move(derive));
    co_await work->wakeup.sleep();
    co_return std::move(work->keys);
}

}  // namespace sallyport::gateway
