// The canary: a second certificate chain of a door, shown to a share of its handshakes before it is
// shown to all. Clients that do not trust it say so with an alert; too many of those, and the share
// falls back to nothing by itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace sallyport::gateway {

class Canary {
 public:
    /// What stays the same as long as the same canary is served on the same terms.
    struct Terms {
        std::string listener;
        std::string chain;        ///< fingerprints of all its certificates
        double share = 0;         ///< of the handshakes, 0 to 1
        std::uint32_t limit = 1;  ///< refusals that make the share fall back
        friend bool operator==(Terms const&, Terms const&) = default;
    };

    explicit Canary(Terms terms) : terms_(std::move(terms)) {}

    Terms const& terms() const { return terms_; }
    /// Whether the next handshake is the canary's: by chance, and never after the fall. Safe from
    /// any thread.
    bool is_next() const;
    /// A client has refused the canary's chain. The one that reaches the limit writes the log line
    /// of the fall. Safe from any thread.
    void refused(std::string const& why);
    bool has_fallen() const { return refusals_.load(std::memory_order_relaxed) >= terms_.limit; }

 private:
    Terms terms_;
    std::atomic<std::uint64_t> refusals_{0};
};

}  // namespace sallyport::gateway
