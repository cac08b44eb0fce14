// SCRAM keys from a password, without holding up the other sessions of a worker.
#pragma once

#include "identity/scram.hpp"
#include "net/task.hpp"

#include <cstdint>
#include <string>

namespace sallyport::gateway {

/// Up to so many iterations keys are derived where they are asked for: 20,000 take about 5 ms, what
/// a TLS handshake with RSA keys may take as well. More go to a thread of their own, one for each
/// worker.
inline constexpr std::uint32_t max_iterations_in_place = 20'000;

/// identity::ScramKeys::derive(), and with its errors. The caller is resumed where it was, on its
/// own thread. The password is wiped.
net::Task<Result<identity::ScramKeys>> derive_keys(std::string password, std::string salt,
                                                   std::uint32_t iterations);

}  // namespace sallyport::gateway
