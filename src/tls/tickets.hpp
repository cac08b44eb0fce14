// The keys that session tickets of our front legs are sealed with: made here, kept in memory only,
// changed twice a day, and forgotten after their successor's term (RFC 9325 section 3.4).
//
// One set serves every front context of the process, so a reload that changes nothing about trust
// does not cost clients their tickets. A ticket from under another trust is not accepted all the
// same: contexts of different trust have different session-id contexts (context.hpp).
#pragma once

#include <array>
#include <chrono>
#include <mutex>

struct ssl_ctx_st;

namespace sallyport::tls {

class TicketKeys {
 public:
    static constexpr std::chrono::hours term{12};

    struct Key {
        std::array<unsigned char, 16> name{};
        std::array<unsigned char, 32> cipher{};  ///< AES-256-CBC
        std::array<unsigned char, 32> mac{};     ///< HMAC-SHA-256
        std::chrono::steady_clock::time_point born;
    };

    TicketKeys();

    /// Makes `context` seal and open tickets with these keys, which must outlive it.
    void attach(ssl_ctx_st& context);

    /// The key to seal with now; a new one when the old one's term is over.
    Key current();
    /// Finds a key that is still good for opening.
    bool find(unsigned char const* name, Key& key, bool& is_current);

 private:
    std::mutex mutex_;
    Key current_;
    Key previous_;
};

}  // namespace sallyport::tls
