// What is served beside the doors and follows every World: the console. The gateway knows it by
// this face only, since the console is built on top of the gateway.
#pragma once

#include "gateway/addresses.hpp"
#include "gateway/expiry_watch.hpp"
#include "gateway/fault.hpp"
#include "gateway/renewal.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace sallyport::gateway {

class World;

/// What is known of all certificates right now.
struct CertificateReport {
    std::vector<Sighting> in_sight;
    std::vector<RenewalStatus> renewals;
};

/// What an attendant may ask the gateway, on any thread, as long as it lives.
struct Insight {
    std::function<std::size_t()> sessions;
    std::function<CertificateReport()> certificates;
};

class Attendant {
 public:
    Attendant() = default;
    Attendant(Attendant const&) = delete;
    Attendant& operator=(Attendant const&) = delete;
    virtual ~Attendant() = default;

    /// Makes ready, on the main thread, whatever of `next` can fail: what is served stays as it is.
    virtual Checked<void> prepare(World const& next) = 0;
    /// Serves what was prepared last. Cannot fail.
    virtual void follow() = 0;
};

/// Makes the attendant of a gateway that listens at `addresses`, which outlive it.
using MakeAttendant =
    std::function<std::unique_ptr<Attendant>(Addresses& addresses, Insight insight)>;

}  // namespace sallyport::gateway
