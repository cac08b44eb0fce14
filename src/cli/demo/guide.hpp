// How to connect to the demo, as lines to paste.
#pragma once

#include "cli/demo/gateway.hpp"
#include "cli/demo/proof.hpp"

namespace sallyport::cli {

void print_demo_guide(DemoPlace const& place, DemoDoor const& door, DemoPorts ports);

/// One argument as a shell reads it back, quoted where it must be.
std::string shell_quoted(std::string const& argument);

}  // namespace sallyport::cli
