// lego, Debian's ACME client, as a command line: what it is told, and what its complaints mean for
// an operator. Decision 0011 says why it is this one.
#pragma once

#include "config/config.hpp"
#include "gateway/acme/process.hpp"
#include "gateway/fault.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// The program on the PATH; where there is none, the Fault names the package.
Checked<std::filesystem::path> find_lego();

/// One attempt to get a certificate, in `work` (its --path).
Process::Order lego_order(std::filesystem::path const& program, config::Acme const& settings,
                          std::filesystem::path const& work);

/// A line of lego's without its own clock.
std::string_view without_time(std::string_view line);

/// The CA does not know the account, as a private one that lost its memory.
bool is_unknown_account(std::string_view complaint);

/// What to do about this complaint; empty where we do not know.
std::string hint_for(std::string_view complaint, config::Acme const& settings);

}  // namespace sallyport::gateway
