// What is known of one backend: which of its addresses answer, how the database greets, and what of
// the front legs' TLS it can mirror. Filled by every dial and by the health checks, read by every
// session; one object per backend, kept across reloads that do not change where it is.
#pragma once

#include "config/config.hpp"
#include "gateway/endpoint.hpp"
#include "pki/certificate.hpp"
#include "wire/mysql/messages.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::gateway {

using Clock = std::chrono::steady_clock;

class Backend {
 public:
    /// How long a version or cipher that the backend refused is not tried again.
    static constexpr std::chrono::minutes refusal_memory{10};

    Backend(std::string name, std::vector<config::Address> addresses);

    enum class Health {
        unknown,  ///< never tried; ends with the first dial or probe
        up,       ///< the last attempt reached the database
        down,     ///< the last attempt failed; skipped while another address is not down
    };

    /// One address to try.
    struct Candidate {
        std::size_t index;  ///< names the address in the calls below
        config::Address address;
        std::vector<Endpoint> endpoints;  ///< what the address resolves to
    };
    /// In the configured order, those that are down last; every address is among them.
    std::vector<Candidate> candidates() const;

    std::string const& name() const { return name_; }
    std::vector<config::Address> const& addresses() const { return addresses_; }

    /// What a database shows of itself.
    struct Facts {
        std::string version;                      ///< empty where it says that only after a login
        std::optional<mysql::Greeting> greeting;  ///< of a MySQL server
    };
    /// The database behind an address answered like this. Logs when the address comes up.
    void learned(std::size_t index, Facts const& facts);
    /// The chain that the database behind an address showed last, leaf first.
    void showed(std::size_t index, std::vector<pki::Certificate> chain);
    /// What all of them showed; an address that never did is left out.
    std::vector<std::vector<pki::Certificate>> shown() const;
    /// An address could not be used. Logs when it goes down.
    void failed(std::size_t index, std::string const& reason);
    void resolved(std::size_t index, std::vector<Endpoint> endpoints);
    Health health(std::size_t index) const;
    Clock::time_point last_learned(std::size_t index) const;

    /// What to greet MySQL clients with: as the first address that was ever reached greets, with
    /// only those capabilities that all reached ones have. Nothing while none was.
    std::optional<mysql::Greeting> greeting() const;
    /// Some address is up, or was, since it was first tried.
    bool was_reached() const;
    /// Every address was tried at least once.
    bool was_tried() const;
    /// Why the first address that is down is down, in words for the log.
    std::string trouble() const;

    /// Whether a TLS version and cipher were refused lately (mirror = "prefer").
    bool refuses(std::string const& version, std::string const& cipher) const;
    void refused(std::string const& version, std::string const& cipher);

    /// The ciphers that scans saw accepted (mirror = "strict").
    struct Accepted {
        std::vector<std::string> tls12;
        std::vector<std::string> tls13;
        friend bool operator==(Accepted const&, Accepted const&) = default;
    };
    /// Those that every scanned address accepts; nothing before the first scan.
    std::optional<Accepted> accepted() const;
    bool was_scanned(std::size_t index) const;
    /// True where accepted() is another one now.
    bool set_accepted(std::size_t index, Accepted accepted);

 private:
    std::optional<Accepted> accepted_by_all() const;

    struct State {
        Health health = Health::unknown;
        std::vector<Endpoint> endpoints;
        std::optional<mysql::Greeting> greeting;
        Clock::time_point learned_at{};
        std::string trouble;
        std::vector<pki::Certificate> shown;
        std::optional<Accepted> accepted;
    };
    struct Refusal {
        std::string version;
        std::string cipher;
        Clock::time_point at;
    };

    std::string const name_;
    std::vector<config::Address> const addresses_;
    mutable std::mutex mutex_;  ///< held for copies only, once or twice per connection
    std::vector<State> states_;
    std::vector<Refusal> refusals_;
};

}  // namespace sallyport::gateway
