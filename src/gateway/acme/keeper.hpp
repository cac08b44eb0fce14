// Keeps the certificate of [acme] fresh: asks for it when there is none, again at two thirds of its
// life, and after failures again and again, ever more seldom. It writes the file that the gateway
// serves from, and has it served; a failure changes nothing.
#pragma once

#include "config/config.hpp"
#include "gateway/acme/process.hpp"
#include "gateway/acme/store.hpp"
#include "gateway/renewal.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::gateway {

class AcmeKeeper : public std::enable_shared_from_this<AcmeKeeper> {
 public:
    /// How the certificate stands.
    enum class State {
        missing,  ///< none for these domains; ends when the CA has issued one
        fresh,    ///< nothing to do before two thirds of its life
        due,      ///< past two thirds: being renewed
        overdue,  ///< past five sixths: the renewal has failed for long, somebody must look
        expired,  ///< past its end: clients that verify are turned away
    };

    /// Called on the thread that runs the context, and not once the object is gone.
    struct Reports {
        /// There is a new certificate: serves it, with the configuration in force, and calls
        /// follow(); true where that went well. Never called from within a call.
        std::function<bool()> obtained;
        /// How the certificate stands now; none: [acme] is off.
        std::function<void(std::optional<RenewalStatus> const&)> stands;
    };
    /// On the thread that runs `context`.
    static std::shared_ptr<AcmeKeeper> make(boost::asio::io_context& context, Reports reports);

    /// These settings from now on; none: nothing to do. Where they are new, what goes on is given
    /// up, and nothing is waited for. Where they are not, the file is looked at again: one that was
    /// damaged or removed is asked for anew.
    void follow(std::optional<config::Acme> const& settings);
    /// The operator has repaired something: a failed attempt is repeated now.
    void hurry();

 private:
    AcmeKeeper(boost::asio::io_context& context, Reports reports)
        : context_(context), reports_(std::move(reports)), timer_(context) {}

    void read_again();
    void look();
    void wait();
    void attempt();
    void take_line(std::string_view line);
    void end(Process::Outcome outcome);
    void succeed(pki::Credential const& credential);
    void have_it_served();
    void fail(std::string const& reason, std::string const& hint);
    std::chrono::milliseconds back_off();
    /// When the renewal is due; the distant past where there is nothing to renew.
    pki::Time due_at() const;
    State state() const;
    std::optional<RenewalStatus> status() const;

    boost::asio::io_context& context_;
    Reports reports_;
    boost::asio::steady_timer timer_;
    std::optional<config::Acme> settings_;
    std::optional<AcmeStore> store_;
    std::optional<pki::Certificate> leaf_;  ///< of the certificate there is, for all domains
    std::shared_ptr<Process> process_;      ///< while an attempt goes on
    std::string complaint_;                 ///< what it said last, beside mere information
    int lines_ = 0;
    int failures_ = 0;  ///< in a row
    std::uint64_t obtained_ = 0;
    pki::Time missing_since_{};  ///< where there is no certificate
    /// By the steady clock: a wall clock that is set must not make us knock without end.
    std::chrono::steady_clock::time_point retry_at_{};
    std::optional<State> told_;
    std::minstd_rand random_{std::random_device()()};
};

/// The word for logs.
std::string_view name(AcmeKeeper::State state);

}  // namespace sallyport::gateway
