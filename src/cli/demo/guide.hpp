// How to connect to the demo, as lines to paste.
#pragma once

#include "cli/demo/client.hpp"
#include "cli/demo/pki.hpp"

namespace sallyport::cli {

void print_demo_guide(DemoPlace const& place, DemoPki const& pki,
                      std::vector<DemoClient> const& clients);

}  // namespace sallyport::cli
